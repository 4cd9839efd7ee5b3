/** Write-through: a write goes to the origin, and from there into the cache before it is acknowledged, so that the next read is a hit. */
import type { Ctx } from '../../context.ts'
import { cacheAside, type CacheAsideOptions } from './cache-aside.ts'

export interface WriteThroughOptions<I, O, W> extends CacheAsideOptions<I, O> {
  readonly write: (input: I, value: W, ctx?: Ctx) => Promise<unknown>
}

export interface WriteThrough<I, O, W> {
  read(input: I, ctx?: Ctx): Promise<O>
  /**
   * Resolves when the origin has the write and the cache what the origin has then. Of two writers, here or in other processes, the later one
   * stays: what is kept is read back after everybody has forgotten the old, never what a writer believes to have written.
   * A process that dies after the origin's answer leaves the old answer until its time is over. Where the reading back fails the write has
   * still succeeded: the next reader loads.
   * @throws what `write` throws; the answer is forgotten then too, because the write may have happened
   */
  write(input: I, value: W, ctx?: Ctx): Promise<void>
}

export function writeThrough<I, O, W>({ write, ...options }: WriteThroughOptions<I, O, W>): WriteThrough<I, O, W> {
  const aside = cacheAside(options)
  return {
    read: (input, ctx) => aside.read(input, ctx),
    async write(input, value, ctx) {
      await aside.change(input, () => write(input, value, ctx))
      await aside.read(input, ctx).catch(() => undefined)
    },
  }
}
