/** A PostgreSQL of our own to try indexes on, started only when a practice asks; without the sandbox package there is none. */
import { setTimeout as delay } from 'node:timers/promises'
import type { PostgresServer } from '@whetstone/sandbox'

export interface Scratch {
  /** Absent when the sandbox package is not installed, or when rows may not be copied: index advice then stays "suspected". */
  readonly open?: () => Promise<PostgresServer>
  /** Tells it to end, and waits for that no longer than a moment: whatever is left its watchdog ends and removes, without us. */
  close(): Promise<void>
}

export interface ScratchOptions {
  /** False for `--no-copy`. */
  readonly mayCopy: boolean
  /** Default: the sandbox package, when it is installed. */
  readonly startPostgres?: () => Promise<PostgresServer>
  /** Default 300: nobody watches a terminal while copied tables are removed. */
  readonly mostWaitMs?: number
}

export async function scratchDatabase({ mayCopy, ...options }: ScratchOptions): Promise<Scratch> {
  const startPostgres = mayCopy ? (options.startPostgres ?? (await sandboxPostgres())) : undefined
  if (!startPostgres) return { close: async () => {} }
  let server: Promise<PostgresServer> | undefined
  return {
    open: () => (server ??= startPostgres()),
    async close() {
      // A start that failed was told to whoever asked for it; there is nothing to stop.
      const stopped = server?.then(
        started => started.stop(),
        () => {},
      )
      const enough = new AbortController()
      const patience = delay(options.mostWaitMs ?? 300, undefined, { signal: enough.signal }).catch(() => {})
      await Promise.race([stopped ?? Promise.resolve(), patience]).finally(() => enough.abort())
    },
  }
}

async function sandboxPostgres(): Promise<(() => Promise<PostgresServer>) | undefined> {
  return (await import('@whetstone/sandbox').catch(() => undefined))?.startPostgres
}
