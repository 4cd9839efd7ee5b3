/** COPY … TO STDOUT: a table or a query as bytes, as fast as they are read and no faster. */
import { Readable } from 'node:stream'
import { StringDecoder } from 'node:string_decoder'
import type { Connection, Submittable } from 'pg'
import { borrow, type Borrowed, type ClientSource, endOnServer, endsConnection, sourceFor } from '../client-source.ts'
import { whenGivenUp } from '../give-up.ts'
import { quoted, tableSql } from '../identifier.ts'
import type { CopyOptions, CopyTarget } from './copy-in.ts'
import { copyFields } from './copy-text.ts'

/**
 * What the server writes, as it is: `COPY (SELECT …) TO STDOUT (FORMAT csv, HEADER)`. Nothing is sent before it is read;
 * destroying it ends the statement on the server and gives the connection back. COPY takes no parameters.
 */
export function copyOut(source: ClientSource, statement: string, options: CopyOptions = {}): Readable {
  return new CopyOut(sourceFor(source, copyOut), statement, options)
}

/** Rows of a table or of a query (`SELECT …`, without parameters), each field as PostgreSQL's text for it, NULL as null. */
export function copyRowsOut(
  source: ClientSource,
  from: string | (Omit<CopyTarget, 'columns'> & { readonly columns: readonly string[] }),
  options?: CopyOptions,
): AsyncGenerator<(string | null)[], void, undefined> {
  const what =
    typeof from === 'string' ? `(${from})` : `${tableSql(from.table)} (${from.columns.map(quoted).join(', ')})`
  return rowsOf(copyOut(sourceFor(source, copyRowsOut), `COPY ${what} TO STDOUT`, options))
}

async function* rowsOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<(string | null)[], void, undefined> {
  const decoder = new StringDecoder('utf8')
  let rest = ''
  for await (const chunk of chunks) {
    const lines = (rest + decoder.write(chunk)).split('\n')
    rest = lines.pop()!
    for (const line of lines) yield copyFields(line)
  }
}

class CopyOut extends Readable implements Submittable {
  readonly #source: ClientSource
  readonly #statement: string
  readonly #options: CopyOptions
  #opening: Promise<void> | undefined
  #borrowed: Borrowed | undefined
  #connection: Connection | undefined
  #gathered: Buffer[] = []
  #hasEnded = false
  #serverDone: () => void = nothing
  readonly #serverEnded = new Promise<void>(resolve => (this.#serverDone = resolve))
  #stopListening: () => void = nothing

  constructor(source: ClientSource, statement: string, options: CopyOptions) {
    super()
    this.#source = source
    this.#statement = statement
    this.#options = options
  }

  override _read(): void {
    if (this.#opening === undefined) this.#opening = this.#open()
    else this.#connection?.stream.resume()
  }

  async #open(): Promise<void> {
    this.#stopListening = whenGivenUp(this.#options.ctx, reason => this.destroy(reason as Error))
    try {
      const borrowed = await borrow(this.#source)
      // Destroyed while it was connecting.
      if (this.destroyed) return borrowed.giveBack()
      this.#borrowed = borrowed
      borrowed.client.query(this)
    } catch (error) {
      this.destroy(error as Error)
    }
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    void this.#leave(error, callback)
  }

  async #leave(error: Error | null, callback: (error?: Error | null) => void): Promise<void> {
    this.#stopListening()
    await this.#opening
    const borrowed = this.#borrowed
    if (borrowed !== undefined) {
      this.#borrowed = undefined
      // What is still on its way is read and dropped.
      this.#connection?.stream.resume()
      const isSound = this.#hasEnded
        ? !error || !endsConnection(error)
        : await endOnServer(borrowed.client, this.#serverEnded)
      borrowed.giveBack(!isSound)
    }
    callback(error)
  }

  // From here on: what node-postgres calls.

  submit(connection: Connection): void {
    this.#connection = connection
    connection.query(this.#statement)
  }

  /** The bytes are the driver's, and overwritten by what it reads next: they are copied in the microtask after those of one read. */
  handleCopyData({ chunk }: { readonly chunk: Buffer }): void {
    if (this.destroyed) return
    if (this.#gathered.push(chunk) === 1) queueMicrotask(() => this.#flush())
  }

  #flush(): void {
    const bytes = Buffer.concat(this.#gathered)
    this.#gathered = []
    if (!this.destroyed && bytes.length > 0 && !this.push(bytes) && !this.#hasEnded) this.#connection!.stream.pause()
  }

  handleReadyForQuery(): void {
    this.#over()
    if (this.destroyed) return
    this.#flush()
    this.#stopListening()
    this.#borrowed?.giveBack()
    this.#borrowed = undefined
    this.push(null)
  }

  handleError(error: Error): void {
    this.#over()
    this.destroy(error)
  }

  #over(): void {
    this.#hasEnded = true
    this.#serverDone()
  }

  handleCommandComplete(): void {}
  // Of statements that are no COPY out: a stream without bytes.
  handleRowDescription(): void {}
  handleDataRow(): void {}
  handleEmptyQuery(): void {}
  handleCopyInResponse(connection: Connection & { sendCopyFail(message: string): void }): void {
    connection.sendCopyFail('COPY … FROM STDIN where one TO STDOUT was expected')
  }
}

function nothing(): void {}
