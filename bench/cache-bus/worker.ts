/** One process of the bus's benchmark: a cache over the Redis of all, whose keys it reads all the time, or writes when told to. */
import { setTimeout as delay } from 'node:timers/promises'
import { Cache } from '@whetstone/runtime/cache'
import { redisShared } from '@whetstone/runtime/cache/redis'
import { Redis } from 'ioredis'
import { takeOrders } from '../stampede/processes.ts'

const setup = JSON.parse(process.argv[2]!) as { readonly cachePort: number; readonly originPort: number }
const client = new Redis(setup.cachePort, { retryStrategy: () => 100, maxRetriesPerRequest: null })
client.on('error', () => undefined)
const origin = new Redis(setup.originPort)
// So long that only an invalidation can replace an answer.
const cache = new Cache({ shared: redisShared(client), defaults: { ttlMs: 3_600_000, earlyBeta: 0 } })
await cache.ready()

/** What the origin says: a number that only grows, and when it was written. */
interface Stored {
  readonly round: number
  readonly writtenMs: number
}

export interface ReadOrder {
  readonly kind: 'read'
  readonly keys: number
  readonly everyMs: number
}

export interface ReadAnswer {
  /** From each write to the last call of this process that was still answered with what was before; 0 when none was. */
  readonly stalenessMs: readonly number[]
  /** From each write to the first call that was answered with it: the loading anew, by one for all, is in it. */
  readonly seenAfterMs: readonly number[]
  readonly latenciesMs: readonly number[]
  readonly errors: number
}

export interface WriteOrder {
  readonly kind: 'write'
  readonly keys: number
  readonly times: number
  readonly everyMs: number
  /** Of the first write. */
  readonly round: number
}

export interface LastSeen {
  readonly kind: 'seen'
  readonly keys: number
}

type Order = ReadOrder | WriteOrder | LastSeen | { readonly kind: 'stop' }

/** By key. */
const lastWritten: number[] = []

let reading: { stop: boolean; ended: Promise<ReadAnswer> } | undefined

takeOrders(async (order: Order) => {
  if (order.kind === 'write') return await write(order)
  if (order.kind === 'seen') return await Promise.all(names(order.keys).map(async key => (await ask(key)).round))
  if (order.kind === 'read') {
    await Promise.all(names(order.keys).map(ask))
    const state = { stop: false }
    reading = Object.assign(state, { ended: read(order, state) })
    return undefined
  }
  reading!.stop = true
  return await reading!.ended
})

async function read({ keys, everyMs }: ReadOrder, state: { readonly stop: boolean }): Promise<ReadAnswer> {
  const [stalenessMs, seenAfterMs, latenciesMs] = [[] as number[], [] as number[], [] as number[]]
  /** By key: the newest number seen, and when a call was last answered with it. */
  const seen = new Map<string, { round: number; lastMs: number }>()
  let errors = 0
  const one = async (key: string): Promise<void> => {
    const beganMs = now()
    try {
      const { round, writtenMs } = await ask(key)
      const before = seen.get(key)
      if (before === undefined || round > before.round) {
        if (before !== undefined) {
          stalenessMs.push(Math.max(0, before.lastMs - writtenMs))
          seenAfterMs.push(now() - writtenMs)
        }
        seen.set(key, { round, lastMs: now() })
      } else if (round === before.round) before.lastMs = now()
    } catch {
      errors++
    }
    latenciesMs.push(now() - beganMs)
  }
  const running = new Set<Promise<void>>()
  while (!state.stop) {
    for (const key of names(keys)) {
      const call = one(key).finally(() => running.delete(call))
      running.add(call)
    }
    await delay(everyMs)
  }
  await Promise.all(running)
  return { stalenessMs, seenAfterMs, latenciesMs, errors }
}

async function write({ keys, times, everyMs, round }: WriteOrder): Promise<readonly number[]> {
  const told: Promise<void>[] = []
  for (let turn = 0; turn < times; turn++) {
    const key = `key-${turn % keys}`
    const stored: Stored = { round: round + turn, writtenMs: now() }
    await origin.set(`origin:${key}`, JSON.stringify(stored))
    lastWritten[turn % keys] = stored.round
    told.push(cache.invalidate(key))
    await delay(everyMs)
  }
  await Promise.all(told)
  return lastWritten
}

async function ask(key: string): Promise<Stored> {
  return await cache.getOrLoad(key, async () => JSON.parse((await origin.get(`origin:${key}`)) ?? 'null') as Stored)
}

function names(keys: number): string[] {
  return Array.from({ length: keys }, (_, at) => `key-${at}`)
}

function now(): number {
  return performance.timeOrigin + performance.now()
}
