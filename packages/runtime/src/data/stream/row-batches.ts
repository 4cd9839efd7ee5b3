/** The rows of a query, batch by batch: one being read, one on its way, the rest on the server. */
import type { Ctx } from '../../context.ts'
import { checkWhole } from '../bounds.ts'
import { borrow, type Borrowed, type ClientSource, endOnServer, endsConnection, sourceFor } from '../client-source.ts'
import { whenGivenUp } from '../give-up.ts'
import type { Statement } from '../queryable.ts'
import { Portal } from './portal.ts'

export interface StreamOptions {
  /** Rows fetched at a time, 1 to 100,000; two such batches are in memory at most. Default 500. */
  readonly batchRows?: number
  /** Cancellation or its deadline ends the stream with that as its error. */
  readonly ctx?: Ctx | undefined
}

const mostBatchRows = 100_000

type Answer<Row> = IteratorResult<readonly Row[], undefined>

/**
 * `return()` (or leaving `for await`) closes the portal on the server and gives the connection back; a query that is still
 * searching then is cancelled. Rows are of one snapshot. A connection is held until the end: bound how many streams run at once.
 * To the server all of it is one statement, reading included: `statementTimeoutMs` of the pool (30 s by default) ends it with 57014.
 */
export class RowBatches<Row> implements AsyncIterableIterator<readonly Row[]> {
  readonly #source: ClientSource
  readonly #statement: Statement
  readonly #batchRows: number
  readonly #ctx: Ctx | undefined
  /** For the reader there is nothing to come: all was received, it failed, or the reader left. */
  #isOver = false
  #failure: { readonly error: unknown } | undefined
  #server: 'running' | 'suspended' | 'done' = 'running'
  #serverDone: () => void = nothing
  readonly #serverEnded = new Promise<void>(resolve => (this.#serverDone = resolve))
  #opening: Promise<void> | undefined
  #closing: Promise<void> | undefined
  #borrowed: Borrowed | undefined
  #portal: Portal<Row> | undefined
  #receiving: Row[] = []
  #ready: readonly Row[] | undefined
  #columns: readonly string[] | undefined
  #reader: { readonly resolve: (answer: Answer<Row>) => void; readonly reject: (error: unknown) => void } | undefined
  #unlisten: (() => void) | undefined

  constructor(source: ClientSource, statement: string | Statement, options: StreamOptions = {}) {
    const { batchRows = 500, ctx } = options
    checkWhole(1, mostBatchRows, { batchRows })
    this.#source = sourceFor(source, RowBatches)
    this.#statement = typeof statement === 'string' ? { text: statement } : statement
    this.#batchRows = batchRows
    this.#ctx = ctx
  }

  /** In the order of the statement; known with the first answer of `next()`, undefined for a statement that answers no rows at all. */
  get columns(): readonly string[] | undefined {
    return this.#columns
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  /** One at a time, as `for await` calls it. */
  next(): Promise<Answer<Row>> {
    if (this.#reader !== undefined)
      return Promise.reject(new TypeError('next() was called before the last one had answered'))
    if (this.#ready !== undefined) return Promise.resolve(this.#handOver(this.#ready))
    if (this.#isOver) return this.#last()
    const answer = new Promise<Answer<Row>>((resolve, reject) => (this.#reader = { resolve, reject }))
    this.#opening ??= this.#open()
    return answer
  }

  async return(): Promise<Answer<Row>> {
    this.#ready = undefined
    this.#finish()
    await this.#close()
    return { done: true, value: undefined }
  }

  async #open(): Promise<void> {
    this.#listen()
    try {
      if (!this.#isOver) this.#borrowed = await borrow(this.#source)
    } catch (error) {
      this.#finish({ error })
    }
    // It failed, or the reader has left.
    if (this.#borrowed === undefined || this.#isOver) {
      this.#serverDone()
      return this.#release()
    }
    this.#portal = new Portal<Row>(this.#statement, this.#batchRows, {
      described: columns => (this.#columns = columns),
      row: row => this.#receiving.push(row),
      suspended: () => this.#suspended(),
      ended: () => this.#ended(),
      failed: error => this.#ended({ error }),
    })
    this.#borrowed.client.query(this.#portal)
  }

  #listen(): void {
    this.#unlisten = whenGivenUp(this.#ctx, error => {
      this.#ready = undefined
      this.#finish({ error })
      void this.#close()
    })
  }

  #suspended(): void {
    this.#server = 'suspended'
    if (this.#isOver) this.#closePortal()
    else this.#deliver()
  }

  #ended(failure?: { readonly error: unknown }): void {
    this.#server = 'done'
    this.#serverDone()
    // Who left waits for this, and gives the connection back.
    if (this.#isOver) return
    this.#release(failure !== undefined && endsConnection(failure.error))
    if (failure === undefined && this.#receiving.length > 0) this.#deliver()
    this.#finish(failure)
  }

  /** What was received becomes what is ready; with a reader waiting it goes, and the next batch is fetched while it is read. */
  #deliver(): void {
    const [rows, reader] = [this.#receiving, this.#reader]
    this.#receiving = []
    this.#ready = rows
    if (reader === undefined) return
    this.#reader = undefined
    reader.resolve(this.#handOver(rows))
  }

  #handOver(rows: readonly Row[]): Answer<Row> {
    this.#ready = undefined
    if (this.#server === 'suspended') {
      this.#server = 'running'
      this.#portal!.more()
    }
    return { done: false, value: rows }
  }

  #finish(failure?: { readonly error: unknown }): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#failure = failure
    const reader = this.#reader
    this.#reader = undefined
    if (reader !== undefined) this.#last().then(reader.resolve, reader.reject)
  }

  /** The failure once, then nothing more. */
  #last(): Promise<Answer<Row>> {
    const failure = this.#failure
    this.#failure = undefined
    return failure ? Promise.reject(failure.error as Error) : Promise.resolve({ done: true, value: undefined })
  }

  #close(): Promise<void> {
    return (this.#closing ??= this.#endOnServer())
  }

  async #endOnServer(): Promise<void> {
    await this.#opening
    if (this.#borrowed === undefined) return
    const isAtRest = this.#server === 'suspended'
    if (isAtRest) this.#closePortal()
    this.#release(!(await endOnServer(this.#borrowed.client, this.#serverEnded, isAtRest)))
  }

  #closePortal(): void {
    this.#server = 'running'
    this.#portal!.close()
  }

  #release(isUnsound = false): void {
    this.#unlisten?.()
    this.#borrowed?.giveBack(isUnsound)
    this.#borrowed = undefined
  }
}

function nothing(): void {}
