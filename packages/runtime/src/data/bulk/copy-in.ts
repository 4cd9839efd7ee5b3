/** COPY … FROM STDIN: the fastest way in, no faster than the server takes it, and all or nothing. */
import { setImmediate as turn } from 'node:timers/promises'
import type { Connection, Submittable } from 'pg'
import type { Ctx } from '../../context.ts'
import { borrow, type ClientSource, endOnServer, endsConnection, sourceFor } from '../client-source.ts'
import { whenGivenUp } from '../give-up.ts'
import { quoted, type TableName, tableSql } from '../identifier.ts'
import { copyLine } from './copy-text.ts'
import { Stoppable } from './stoppable.ts'
import { textOf } from './text-value.ts'

export interface CopyOptions {
  /** Cancellation or its deadline ends the COPY with that as its error; nothing is written then. */
  readonly ctx?: Ctx | undefined
}

export interface CopyTarget {
  readonly table: TableName
  /** In the order of the fields of a row; with a type where json or jsonb is meant (`{ id: 'bigint', payload: 'jsonb' }`). */
  readonly columns: readonly string[] | Readonly<Record<string, string>>
}

type Many<T> = Iterable<T> | AsyncIterable<T>

/** Enough for the socket, little enough for the heap. */
const chunkChars = 64 * 1024

/**
 * Writes rows, each a list of values in the order of the columns.
 * @returns how many were written
 * @throws what the server says of the first row it refuses (its `where` has the line), what the rows throw; then none is written
 */
export function copyRowsIn(
  source: ClientSource,
  { table, columns }: CopyTarget,
  rows: Many<readonly unknown[]>,
  options?: CopyOptions,
): Promise<number> {
  const [names, types] = Array.isArray(columns)
    ? [columns as readonly string[], []]
    : [Object.keys(columns), Object.values(columns as Readonly<Record<string, string>>)]
  const statement = `COPY ${tableSql(table)} (${names.map(quoted).join(', ')}) FROM STDIN`
  return copyIn(sourceFor(source, copyRowsIn), statement, linesOf(rows, types), options)
}

async function* linesOf(rows: Many<readonly unknown[]>, types: readonly string[]): AsyncGenerator<string> {
  const lineOf = (row: readonly unknown[]) => copyLine(row.map((value, at) => textOf(value, types[at])))
  let text = ''
  // A list is not awaited row by row.
  if (Symbol.iterator in rows)
    for (const row of rows) {
      text += lineOf(row)
      if (text.length < chunkChars) continue
      yield text
      text = ''
    }
  else
    for await (const row of rows) {
      text += lineOf(row)
      if (text.length < chunkChars) continue
      yield text
      text = ''
    }
  if (text !== '') yield text
}

/**
 * Writes bytes as they are: a file in the format the statement names, such as `COPY orders FROM STDIN (FORMAT csv, HEADER)`.
 * @param chunks a `Readable` is one; read no faster than the server takes them, and left when the server refuses
 * @returns how many rows were written
 */
export async function copyIn(
  source: ClientSource,
  statement: string,
  chunks: Many<Uint8Array | string>,
  { ctx }: CopyOptions = {},
): Promise<number> {
  if (ctx?.cancelled) throw ctx.reason
  const { client, giveBack } = await borrow(sourceFor(source, copyIn))
  const copy = new CopyIn(statement)
  const givenUp = new Promise<never>((_resolve, reject) => (copy.giveUp = reject))
  const stopListening = whenGivenUp(ctx, copy.giveUp)
  let isSound = true
  try {
    client.query(copy)
    await Promise.race([copy.opened, copy.ended, givenUp])
    await send(copy, chunks, new Stoppable(Promise.race([copy.ended, givenUp])))
    return await Promise.race([copy.ended, givenUp])
  } catch (error) {
    if (copy.hasEnded) isSound = !endsConnection(error)
    else {
      copy.fail(error)
      isSound = await endOnServer(client, copy.ended.then(nothing, nothing))
    }
    throw error
  } finally {
    stopListening()
    giveBack(!isSound)
  }
}

/** @param stoppable stopped when nobody takes any more: the source is left then, even in the middle of a wait */
async function send(copy: CopyIn, chunks: Many<Uint8Array | string>, stoppable: Stoppable): Promise<void> {
  const connection = await copy.opened
  const iterator = Symbol.asyncIterator in chunks ? chunks[Symbol.asyncIterator]() : chunks[Symbol.iterator]()
  let isRead = false
  try {
    for (;;) {
      const next = await stoppable.wait(iterator.next())
      if (next.done) break
      connection.sendCopyFromChunk(Buffer.from(next.value as string))
      // Also when the socket takes everything: other requests have their turn between chunks, and a refusal is heard.
      await stoppable.wait(connection.stream.writableNeedDrain ? drained(connection) : turn())
    }
    isRead = true
    connection.endCopyFrom()
  } finally {
    // Not awaited: a source in the middle of a wait of its own would hold the connection.
    if (!isRead) void Promise.resolve(iterator.return?.()).catch(nothing)
  }
}

function drained({ stream }: CopyConnection): Promise<void> {
  return new Promise(resolve => stream.once('drain', resolve))
}

type CopyConnection = Connection & {
  sendCopyFromChunk(chunk: Uint8Array): void
  endCopyFrom(): void
  sendCopyFail(message: string): void
}

/** What node-postgres calls while this COPY is what its connection does. */
class CopyIn implements Submittable {
  readonly opened: Promise<CopyConnection>
  /** The rows written, once the server is ready for the next statement. */
  readonly ended: Promise<number>
  hasEnded = false
  giveUp: (reason: unknown) => void = nothing
  readonly #statement: string
  #connection: CopyConnection | undefined
  #open!: (connection: CopyConnection) => void
  #end!: (rows: number) => void
  #refuse!: (error: unknown) => void
  #rows = 0
  #failure: string | undefined

  constructor(statement: string) {
    this.#statement = statement
    this.opened = new Promise(resolve => (this.#open = resolve))
    this.ended = new Promise((resolve, reject) => {
      this.#end = resolve
      this.#refuse = reject
    })
    // Everybody who waits is told; nobody need be waiting.
    this.ended.catch(nothing)
  }

  submit(connection: Connection): void {
    connection.query(this.#statement)
  }

  /** Also before the server has asked for rows: then it is told when it does, for while it waits for rows it hears of no cancelling. */
  fail(error: unknown): void {
    this.#failure = error instanceof Error ? error.message : String(error)
    this.#connection?.sendCopyFail(this.#failure)
  }

  handleCopyInResponse(connection: CopyConnection): void {
    this.#connection = connection
    if (this.#failure === undefined) this.#open(connection)
    else connection.sendCopyFail(this.#failure)
  }

  handleCommandComplete({ text }: { readonly text: string }): void {
    this.#rows = Number(/^COPY (\d+)$/.exec(text)?.[1] ?? Number.NaN)
  }

  handleReadyForQuery(): void {
    this.hasEnded = true
    if (this.#connection === undefined || Number.isNaN(this.#rows))
      this.#refuse(new TypeError(`the statement is no COPY … FROM STDIN: ${this.#statement.slice(0, 80)}`))
    else this.#end(this.#rows)
  }

  handleError(error: Error): void {
    this.hasEnded = true
    this.#refuse(error)
  }

  // Of statements that are no COPY in, which are refused when they end.
  handleRowDescription(): void {}
  handleDataRow(): void {}
  handleCopyData(): void {}
  handleEmptyQuery(): void {}
}

function nothing(): void {}
