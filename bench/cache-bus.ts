/** How long other processes serve from memory what one has just changed, and what becomes of that when Redis is away for a while. */
import { setTimeout as delay } from 'node:timers/promises'
import { type RedisServer, startRedis } from '@whetstone/sandbox'
import { quantile } from '@whetstone/stats'
import { openWire, type Wire } from '../packages/runtime/src/cache/testing/wire.ts'
import type { LastSeen, ReadAnswer, ReadOrder, WriteOrder } from './cache-bus/worker.ts'
import { startWorker, type Worker } from './stampede/processes.ts'

const workerFile = new URL('./cache-bus/worker.ts', import.meta.url)
const readers = 3
const keys = 10
const barMs = 50
/** How long after the return of Redis every process must have heard of every write. */
const convergeMs = 10_000

interface Options {
  readonly quick: boolean
  log(line: string): void
}

interface Outage {
  /** Of callers, while Redis was away. */
  readonly p99Ms: number
  readonly errors: number
  /** Keys of processes that still had an older answer when the time to converge was over. */
  readonly lost: number
  /** From the return of Redis until nobody had an older answer. */
  readonly convergedAfterMs: number
}

export const bench = {
  name: 'cache-bus',
  async run({ quick, log }: Options) {
    const awayMs = quick ? 1_000 : 5_000
    const [origin, redis] = [await realRedis(), await realRedis()]
    const wire = await openWire(redis.port)
    const stopping = [redis, origin]
    const workers: Worker[] = []
    try {
      const setup = { cachePort: wire.port, originPort: origin.port }
      for (let at = 0; at <= readers; at++) workers.push(await startWorker(workerFile, setup))
      const [writer, ...reading] = workers as [Worker, ...Worker[]]
      const stage = { writer, reading, round: 1 }

      const times = quick ? 100 : 800
      await write(stage, keys, 0)
      await read(stage)
      await write(stage, times, 20)
      const told = await stop(stage)
      const staleness = told.flatMap(({ stalenessMs }) => stalenessMs)
      log(`${staleness.length} changes seen, p99 ${p99(staleness)} ms`)

      const paused = await outage(stage, awayMs, log, {
        leave: async () => void process.kill(redis.pid!, 'SIGSTOP'),
        return: async () => void process.kill(redis.pid!, 'SIGCONT'),
      })
      const cut = await outage(stage, awayMs, log, { leave: () => wire.cut(), return: () => wire.mend() })
      const killed = await outage(stage, awayMs, log, killAndReplace(redis, wire, stopping))

      const outages = { paused, cut, killed }
      const passed =
        p99(staleness) <= barMs && Object.values(outages).every(({ errors, lost }) => errors === 0 && lost === 0)
      return {
        runs: staleness.length,
        figures: {
          readers,
          stalenessP50Ms: rounded(quantile(staleness, 0.5)),
          stalenessP99Ms: rounded(p99(staleness)),
          seenAfterP99Ms: rounded(p99(told.flatMap(({ seenAfterMs }) => seenAfterMs))),
          awayMs,
          ...Object.fromEntries(
            Object.entries(outages).flatMap(([name, figures]) =>
              Object.entries(figures).map(([figure, value]) => [
                `${name}${figure[0]!.toUpperCase()}${figure.slice(1)}`,
                rounded(value),
              ]),
            ),
          ),
          bars: `${passed ? 'pass' : 'fail'}: p99 at most ${barMs} ms, no error and no invalidation lost by an outage`,
        },
      }
    } finally {
      await Promise.all(workers.map(worker => worker.kill()))
      await wire.close()
      await Promise.all(stopping.map(server => server.stop()))
    }
  },
}

interface Stage {
  readonly writer: Worker
  readonly reading: readonly Worker[]
  round: number
}

/** Readers read and the writer writes all the time; then everybody is asked what it has. */
async function outage(
  stage: Stage,
  awayMs: number,
  log: (line: string) => void,
  redis: { leave(): Promise<void>; return(): Promise<void> },
): Promise<Outage> {
  await write(stage, keys, 0)
  await read(stage)
  await redis.leave()
  const last = await write(stage, Math.ceil(awayMs / 25), 25)
  const told = await stop(stage)
  await redis.return()
  const returnedMs = performance.now()
  let lost: number
  do {
    await delay(20)
    const order: LastSeen = { kind: 'seen', keys }
    const seen = await Promise.all(stage.reading.map(reader => reader.order<number[]>(order)))
    lost = seen.flat().filter((round, at) => round < last[at % keys]!).length
  } while (lost > 0 && performance.now() - returnedMs < convergeMs)
  const latencies = told.flatMap(({ latenciesMs }) => latenciesMs)
  const outcome = {
    p99Ms: p99(latencies),
    errors: told.reduce((sum, { errors }) => sum + errors, 0),
    lost,
    convergedAfterMs: performance.now() - returnedMs,
  }
  log(JSON.stringify(outcome))
  return outcome
}

/** As a restart without a disk: everything in it is gone. */
function killAndReplace(redis: RedisServer, wire: Wire, stopping: RedisServer[]) {
  return {
    async leave() {
      process.kill(redis.pid!, 'SIGKILL')
      await wire.cut()
    },
    async return() {
      const next = await realRedis()
      stopping.push(next)
      await wire.mend(next.port)
    },
  }
}

/** @returns the number each key has then */
async function write(stage: Stage, times: number, everyMs: number): Promise<readonly number[]> {
  const order: WriteOrder = { kind: 'write', keys, times, everyMs, round: stage.round }
  stage.round += times
  return await stage.writer.order<number[]>(order)
}

async function read({ reading }: Stage): Promise<void> {
  const order: ReadOrder = { kind: 'read', keys, everyMs: 2 }
  await Promise.all(reading.map(reader => reader.order(order)))
}

async function stop({ reading }: Stage): Promise<readonly ReadAnswer[]> {
  return await Promise.all(reading.map(reader => reader.order<ReadAnswer>({ kind: 'stop' })))
}

function p99(values: readonly number[]): number {
  return quantile(values, 0.99)
}

function rounded(value: number): number {
  return Number(value.toFixed(2))
}

async function realRedis(): Promise<RedisServer> {
  const redis = await startRedis({ ...process.env, WHETSTONE_REDIS_URL: '' })
  if (redis.kind === 'not-available') throw new Error(redis.reason)
  return redis
}
