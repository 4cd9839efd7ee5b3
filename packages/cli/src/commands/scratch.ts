/** A PostgreSQL of our own to try indexes on, started only when a practice asks; without the sandbox package there is none. */
import type { PostgresServer } from '@whetstone/sandbox'

export interface Scratch {
  /** Absent when the sandbox package is not installed: index advice then stays "suspected". */
  readonly open?: () => Promise<PostgresServer>
  close(): Promise<void>
}

export async function scratchDatabase(): Promise<Scratch> {
  const sandbox = await import('@whetstone/sandbox').catch(() => undefined)
  if (!sandbox) return { close: async () => {} }
  let server: Promise<PostgresServer> | undefined
  return {
    open: () => (server ??= sandbox.startPostgres()),
    close: async () => (await server)?.stop(),
  }
}
