/** What the cache asks of PostgreSQL: statements of a pool, and a connection of its own to listen on. */

interface ListeningClient {
  query(text: string): Promise<unknown>
  on(event: 'notification', listener: (message: { channel: string; payload?: string | undefined }) => void): unknown
  on(event: 'error' | 'end', listener: () => void): unknown
  release(reason?: boolean): void
}

/** A `Pool` of pg, or the one of `@whetstone/runtime/data`. */
export interface PostgresClient {
  query(text: string, values?: unknown[]): Promise<{ readonly rows: unknown[]; readonly rowCount: number | null }>
  connect(): Promise<ListeningClient>
}

/** Microseconds since 1970, by the server. */
export const nowMicros = '(extract(epoch from clock_timestamp()) * 1000000)::int8'
/** Milliseconds since 1970, by the server. */
export const nowMs = '(extract(epoch from clock_timestamp()) * 1000)::float8'

const firstPauseMs = 50
const longestPauseMs = 2_000

/** Keeps one connection of the pool, and another when that is lost. `onReady` after each beginning. @returns what ends it */
export function listen(
  client: PostgresClient,
  channel: string,
  onMessage: (payload: string) => void,
  onReady: () => void,
): () => Promise<void> {
  let closed = false
  let timer: NodeJS.Timeout | undefined
  let current: ListeningClient | undefined
  let pauseMs = firstPauseMs
  let beginning = begin()
  return async () => {
    closed = true
    clearTimeout(timer)
    await beginning
    current?.release(true)
    current = undefined
  }

  async function begin(): Promise<void> {
    let own: ListeningClient | undefined
    try {
      own = await client.connect()
      const lent = own
      lent.on('notification', message => message.channel === channel && onMessage(message.payload ?? ''))
      lent.on('error', () => lose(lent))
      lent.on('end', () => lose(lent))
      await lent.query(`listen "${channel}"`)
      current = lent
      pauseMs = firstPauseMs
      onReady()
    } catch {
      own?.release(true)
      again()
    }
  }

  function lose(lent: ListeningClient): void {
    if (current !== lent) return
    current = undefined
    if (!closed) lent.release(true)
    again()
  }

  function again(): void {
    if (closed) return
    timer = setTimeout(() => (beginning = begin()), pauseMs).unref()
    pauseMs = Math.min(longestPauseMs, pauseMs * 2)
  }
}
