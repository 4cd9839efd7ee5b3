/** A PostgreSQL of our own to try indexes on, started only when a practice asks; without the sandbox package there is none. */
import type { PostgresServer } from '@whetstone/sandbox'

export interface Scratch {
  /** Absent when the sandbox package is not installed, or when rows may not be copied: index advice then stays "suspected". */
  readonly open?: () => Promise<PostgresServer>
  close(): Promise<void>
}

export interface ScratchOptions {
  /** False for `--no-copy`. */
  readonly mayCopy: boolean
  /** Default: the sandbox package, when it is installed. */
  readonly startPostgres?: () => Promise<PostgresServer>
}

export async function scratchDatabase({ mayCopy, ...options }: ScratchOptions): Promise<Scratch> {
  const startPostgres = mayCopy ? (options.startPostgres ?? (await sandboxPostgres())) : undefined
  if (!startPostgres) return { close: async () => {} }
  let server: Promise<PostgresServer> | undefined
  return {
    open: () => (server ??= startPostgres()),
    // A start that failed was told to whoever asked for it; there is nothing to stop.
    close: async () =>
      server?.then(
        started => started.stop(),
        () => {},
      ),
  }
}

async function sandboxPostgres(): Promise<(() => Promise<PostgresServer>) | undefined> {
  return (await import('@whetstone/sandbox').catch(() => undefined))?.startPostgres
}
