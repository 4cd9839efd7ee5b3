/** A PostgreSQL of our own to try indexes on, started only when a practice asks; without the sandbox package there is none. */
import type { GatherOptions } from '@whetstone/loop'

export interface Scratch {
  readonly open: NonNullable<GatherOptions['scratch']>
  close(): Promise<void>
}

export function scratchDatabase(): Scratch {
  let server: Promise<import('@whetstone/sandbox').PostgresServer | undefined> | undefined
  const start = () =>
    (server ??= import('@whetstone/sandbox').then(
      sandbox => sandbox.startPostgres(),
      () => undefined, // not installed: index advice stays "suspected"
    ))
  return {
    open: start,
    close: async () => (await server)?.stop(),
  }
}
