/** What becomes of one key that ends while thousands of callers of several processes want it: how often it is loaded, and how long they wait. */
import { setTimeout as delay } from 'node:timers/promises'
import { startRedis } from '@whetstone/sandbox'
import { median, quantile } from '@whetstone/stats'
import { Redis } from 'ioredis'
import type { ContestantName } from './stampede/contestants.ts'
import { startWorker, type Worker } from './stampede/processes.ts'
import type { Crowd, CrowdAnswer, Paced, PacedAnswer } from './stampede/worker.ts'

const processes = 4
const workerFile = new URL('./stampede/worker.ts', import.meta.url)

interface Options {
  readonly quick: boolean
  log(line: string): void
}

export const bench = {
  name: 'stampede',
  async run({ quick, log }: Options) {
    const rounds = quick ? 1 : 3
    const callers = quick ? 100 : 1_000
    const figures: Record<string, unknown> = { processes, callersEach: callers }
    // One after the other in turn: what slows the machine slows both.
    const told: Record<ContestantName, Round[]> = { ours: [], bentocache: [] }
    for (let round = 0; round < rounds; round++)
      for (const contestant of ['ours', 'bentocache'] as const) {
        told[contestant].push(await oneRound(contestant, callers, quick))
        log(`${contestant} ${JSON.stringify(told[contestant].at(-1))}`)
      }
    for (const [contestant, results] of Object.entries(told))
      for (const figure of Object.keys(results[0]!) as (keyof Round)[]) {
        const values = results.map(result => result[figure])
        const said =
          figure.startsWith('loads') && figure !== 'loadsPerSecond'
            ? Math.max(...values)
            : Number(median(values).toFixed(2))
        figures[`${contestant}${figure[0]!.toUpperCase()}${figure.slice(1)}`] = said
      }
    const passed =
      figures['oursLoads'] === 1 &&
      figures['oursLoadsWhenFailing'] === 1 &&
      figures['oursLoadsAfterFailure'] === 1 &&
      figures['oursLoadsWhenKilled'] === 2
    figures['bars'] =
      `${passed ? 'pass' : 'fail'}: 1 load, 1 when it fails and 1 after, 1 more when its process is killed`
    return { runs: rounds, figures }
  },
}

/** Loads are the most of any round, milliseconds the median. */
interface Round {
  readonly loads: number
  readonly expiredP99Ms: number
  readonly loadsWhenFailing: number
  readonly loadsAfterFailure: number
  readonly loadsWhenKilled: number
  readonly steadyP99Ms: number
  readonly expiryP99Ms: number
  readonly loadsPerSecond: number
}

const loadMs = 300
/** For the test: callers that come late on a busy machine must still find the load under way, and Redis must be given the time it needs. */
const quickLoadMs = 1_500
const quickTimeoutMs = 10_000
/** BentoCache lets every caller try in turn: with the same load its round would take five minutes. */
const failingLoadMsOfBentoCache = 5
const ttlMs = 1_000

async function oneRound(contestant: ContestantName, callers: number, quick: boolean): Promise<Round> {
  const redis = await startRedis({ ...process.env, WHETSTONE_REDIS_URL: '' })
  if (redis.kind === 'not-available') throw new Error(redis.reason)
  const origin = new Redis(redis.port)
  const setup = { contestant, port: redis.port, ...(quick && { timeoutMs: quickTimeoutMs }) }
  let workers = await Promise.all(Array.from({ length: processes }, () => startWorker(workerFile, setup)))
  try {
    const loadsOf = async (key: string): Promise<number> => Number(await origin.get(`loads:${key}`))
    const asking = { ttlMs, staleMs: 0, loadMs: quick ? quickLoadMs : loadMs, fails: false, callers }
    const soon = (): number => Date.now() + 100

    // Everybody has it in memory; then it ends, for all at the same moment.
    await crowd(workers, { ...asking, key: 'a', atMs: soon(), callers: 1 })
    const before = await loadsOf('a')
    const expired = await crowd(workers, { ...asking, key: 'a', atMs: Date.now() + ttlMs + 50 })
    const loads = (await loadsOf('a')) - before

    const failing = contestant === 'bentocache' && { loadMs: failingLoadMsOfBentoCache }
    await crowd(workers, { ...asking, key: 'b', atMs: soon(), fails: true, ...failing })
    const loadsWhenFailing = await loadsOf('b')
    await crowd(workers, { ...asking, key: 'b', atMs: soon() })
    const loadsAfterFailure = (await loadsOf('b')) - loadsWhenFailing

    const killing = killLoader(workers, origin, 'c')
    const survivors = await crowd(workers, { ...asking, key: 'c', atMs: soon() })
    workers = await killing
    if (survivors.failed > 0) throw new Error(`${survivors.failed} callers failed when another process was killed`)
    const loadsWhenKilled = await loadsOf('c')

    workers.push(await startWorker(workerFile, setup))
    const steady = await paced(workers, {
      ...{ key: 'd', ttlMs: 2_000, staleMs: 10_000, loadMs: 100, atMs: soon() },
      ...{ lengthMs: quick ? 3_000 : 10_000, callers: 5, everyMs: 10 },
    })
    return {
      loads,
      expiredP99Ms: p99(expired.latenciesMs),
      loadsWhenFailing,
      loadsAfterFailure,
      loadsWhenKilled,
      ...steady,
    }
  } finally {
    await Promise.all(workers.map(worker => worker.kill()))
    origin.disconnect()
    await redis.stop()
  }
}

/** Those of a process that is killed meanwhile have no answer. */
async function crowd(workers: readonly Worker[], order: Crowd): Promise<CrowdAnswer> {
  const answers = await Promise.all(workers.map(worker => worker.order<CrowdAnswer>(order).catch(() => undefined)))
  const told = answers.filter(answer => answer !== undefined)
  return {
    latenciesMs: told.flatMap(({ latenciesMs }) => latenciesMs),
    answered: told.reduce((sum, { answered }) => sum + answered, 0),
    failed: told.reduce((sum, { failed }) => sum + failed, 0),
  }
}

/** Kills the process that loads the key, in the middle of it. @returns the others */
async function killLoader(workers: readonly Worker[], origin: Redis, key: string): Promise<Worker[]> {
  let loader: Worker | undefined
  while (loader === undefined) {
    await delay(5)
    const pid = Number(await origin.get(`loader:${key}`))
    loader = workers.find(worker => worker.pid === pid)
  }
  await loader.kill()
  return workers.filter(worker => worker !== loader)
}

/** Callers all the time, on a key that ends every two seconds: what they wait while it is loaded, and otherwise. */
async function paced(workers: readonly Worker[], order: Paced) {
  const answers = await Promise.all(workers.map(worker => worker.order<PacedAnswer>(order)))
  const loads = answers.flatMap(answer => answer.loads).toSorted(([one], [other]) => one - other)
  const firstMs = loads[0]?.[1] ?? 0
  // The first load has nothing older to serve.
  const calls = answers.flatMap(answer => answer.calls).filter(([beganMs]) => beganMs > firstMs)
  const during = calls.filter(([beganMs]) => loads.some(([from, to]) => beganMs >= from && beganMs <= to))
  const others = calls.filter(([beganMs]) => !loads.some(([from, to]) => beganMs >= from && beganMs <= to))
  return {
    steadyP99Ms: p99(others.map(([, tookMs]) => tookMs)),
    expiryP99Ms: p99(during.map(([, tookMs]) => tookMs)),
    loadsPerSecond: loads.length / (order.lengthMs / 1_000),
  }
}

function p99(values: readonly number[]): number {
  return values.length === 0
    ? NaN
    : quantile(
        values.toSorted((one, other) => one - other),
        0.99,
      )
}
