/** Write-back behind a cache: a write is acknowledged by its journal, reads see it at once, and the origin gets it later. */
import type { Ctx } from '../../context.ts'
import type { Cache } from '../core/cache.ts'
import type { LoadPolicy } from '../core/load-policy.ts'
import type { WriteBack } from '../write-back/write-back.ts'

export interface WrittenBackOptions<Value> extends LoadPolicy {
  readonly cache: Cache
  readonly writeBack: WriteBack<Value>
  /** Asked for what is neither cached nor pending. `undefined` says that the origin has no such thing. */
  readonly load: (key: string, ctx: Ctx) => Promise<Value | undefined>
}

export interface WrittenBack<Value> {
  read(key: string, ctx?: Ctx): Promise<Value | undefined>
  /** Resolves when the journal has it; from then on it is what is read, in every process that shares journal and cache. @throws as `WriteBack.write` */
  write(key: string, value: Value, ctx?: Ctx): Promise<void>
  /** As `write`, of its end. */
  remove(key: string, ctx?: Ctx): Promise<void>
}

export function writtenBack<Value>({
  cache,
  writeBack,
  load,
  ...policy
}: WrittenBackOptions<Value>): WrittenBack<Value> {
  const current = async (key: string, ctx: Ctx): Promise<Value | undefined> => {
    const pending = await writeBack.pending(key)
    return pending === undefined ? await load(key, ctx) : pending.value
  }
  return {
    read: (key, ctx) => cache.getOrLoad(key, loading => current(key, loading), policy, ctx),
    // Forgotten and not replaced: of two writers only the journal knows who came last, and the next reader asks it.
    async write(key, value, ctx) {
      await writeBack.write(key, value, ctx)
      await cache.invalidate(key)
    },
    async remove(key, ctx) {
      await writeBack.remove(key, ctx)
      await cache.invalidate(key)
    },
  }
}
