/** One process of the stampede: a cache over the Redis of all, and callers that come at the moment they are told to. */
import { setTimeout as delay } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { type Asking, type ContestantName, contestants } from './contestants.ts'
import { takeOrders } from './processes.ts'

const setup = JSON.parse(process.argv[2]!) as {
  readonly contestant: ContestantName
  readonly port: number
  readonly timeoutMs?: number
}
const contestant = await contestants[setup.contestant](setup.port, setup.timeoutMs)
/** Where the loads of all processes are counted. */
const origin = new Redis(setup.port)

export interface Crowd extends Asking {
  readonly callers: number
  /** Milliseconds since 1970. */
  readonly atMs: number
  readonly loadMs: number
  readonly fails: boolean
}

export interface CrowdAnswer {
  readonly latenciesMs: readonly number[]
  readonly answered: number
  readonly failed: number
}

export interface Paced extends Asking {
  readonly loadMs: number
  readonly atMs: number
  readonly lengthMs: number
  /** Callers every `everyMs`. */
  readonly callers: number
  readonly everyMs: number
}

export interface PacedAnswer {
  /** When each call began and how long it took. */
  readonly calls: readonly (readonly [beganMs: number, tookMs: number])[]
  readonly loads: readonly (readonly [beganMs: number, endedMs: number])[]
}

takeOrders((order: Crowd | Paced) => ('everyMs' in order ? paced(order) : crowd(order)))

async function crowd({ callers, atMs, loadMs, fails, ...asking }: Crowd): Promise<CrowdAnswer> {
  const load = async (): Promise<string> => {
    await origin.multi().incr(`loads:${asking.key}`).set(`loader:${asking.key}`, process.pid).exec()
    await delay(loadMs)
    if (fails) throw new Error('the origin is down')
    return 'x'.repeat(100)
  }
  await delay(Math.max(0, atMs - Date.now()))
  const outcome = { latenciesMs: [] as number[], answered: 0, failed: 0 }
  await Promise.all(
    Array.from({ length: callers }, async () => {
      const beganMs = performance.now()
      await contestant.ask(asking, load).then(
        () => outcome.answered++,
        () => outcome.failed++,
      )
      outcome.latenciesMs.push(performance.now() - beganMs)
    }),
  )
  return outcome
}

async function paced({ loadMs, atMs, lengthMs, callers, everyMs, ...asking }: Paced): Promise<PacedAnswer> {
  const answer = { calls: [] as [number, number][], loads: [] as [number, number][] }
  const load = async (): Promise<string> => {
    const beganMs = now()
    await delay(loadMs)
    answer.loads.push([beganMs, now()])
    return 'x'.repeat(100)
  }
  await delay(Math.max(0, atMs - Date.now()))
  const waiting: Promise<void>[] = []
  for (let due = now(); due < atMs + lengthMs; due += everyMs) {
    await delay(Math.max(0, due - now()))
    for (let caller = 0; caller < callers; caller++) waiting.push(one(due))
  }
  await Promise.all(waiting)
  return answer

  /** From when it was due: a late one has waited already. */
  async function one(dueMs: number): Promise<void> {
    await contestant.ask(asking, load)
    answer.calls.push([dueMs, now() - dueMs])
  }
}

function now(): number {
  return performance.timeOrigin + performance.now()
}
