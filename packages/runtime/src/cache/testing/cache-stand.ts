/** A cache for tests: time, dice and the ends of its loads are in their hands. */
import type { Ctx } from '../../context.ts'
import { Cache } from '../core/cache.ts'
import type { LoadPolicy } from '../core/load-policy.ts'
import type { CacheOptions } from '../core/options.ts'

/** A cache on a clock and dice the test holds; unless it says so answers live as long as they say and are never early. */
export function stand(options: CacheOptions = {}) {
  const now = { ms: 1_700_000_000_000 }
  const dice = { next: 0.5 }
  const defaults: LoadPolicy = { ttlMs: 1_000, jitterFraction: 0, earlyBeta: 0, ...options.defaults }
  const cache = new Cache({ clock: () => now.ms, random: () => dice.next, ...options, defaults })
  return { cache, now, dice }
}

/** A loader whose loads end when the test says so. */
export function gated() {
  const loads: { ctx: Ctx; answer(value: unknown): void; fail(error: unknown): void }[] = []
  const load = (ctx: Ctx) => new Promise<unknown>((answer, fail) => void loads.push({ ctx, answer, fail }))
  return { loads, load }
}

export const turn = () => new Promise<void>(resolve => setImmediate(resolve))
/** The code of a fault, else the message. */
export const failure = (promise: Promise<unknown>) =>
  promise.then(
    value => `answered ${String(value)}`,
    (error: Error & { code?: string }) => error.code ?? error.message,
  )
