/** One query from the call in the service to the driver's answer, whatever the driver. */
import type { Site } from '@whetstone/model'
import { captureCallSite } from './call-site.ts'
import type { CallSite } from './call-site.ts'
import { now } from './clock.ts'
import { currentRequest } from './context.ts'
import { addBackgroundUse } from './ledger.ts'
import { level, TRACE } from './level.ts'
import { joinHashes, parametersHash } from './parameters-hash.ts'
import type { RequestRecord, UseRecord } from './request-record.ts'
import { statementOf } from './statements.ts'
import type { SentText } from './statements.ts'

type Values = readonly unknown[] | undefined
type Below = (...args: never[]) => unknown

/** For drivers that only know a query's text when it is over: where and when it began. */
export interface QueryOrigin {
  readonly record: RequestRecord | undefined
  readonly startedAt: number
  readonly callSite: CallSite
}

/** What a database connection is in the middle of. */
export interface ConnectionState {
  readonly number: number
  transaction: number | undefined
}

let transactions = 0
let connections = 0
const states = new WeakMap<object, ConnectionState>()

/** `connection` is whatever object the driver keeps for one. */
export function connectionState(connection: object): ConnectionState {
  const known = states.get(connection)
  if (known) return known
  const state: ConnectionState = { number: ++connections, transaction: undefined }
  states.set(connection, state)
  return state
}

export class QueryCall {
  readonly record: RequestRecord | undefined
  readonly #sent: SentText
  readonly #values: Values
  readonly #hash: number
  readonly #use: UseRecord | undefined
  readonly #site: Site | undefined
  #startedAt = 0
  #connection: ConnectionState | undefined
  #transaction: number | undefined
  poolWaitMs = 0
  isFinished = false

  /** `below` is the hooked function: frames above it in the stack are ours. */
  constructor(text: string, values: Values, below: Below, origin?: QueryOrigin) {
    const current = origin ? origin.record : currentRequest()
    const record = current?.isFinished ? undefined : current
    this.record = record
    this.#sent = statementOf(text)
    this.#values = values
    const { statement } = this.#sent
    const isTracing = level >= TRACE
    // Literals are parameters too: without them two different lookups written out in full would look like a duplicate.
    this.#hash = isTracing ? joinHashes(parametersHash(values), this.#sent.literalsHash) : 0
    let use = record?.useOf(statement)
    let site: Site | undefined
    if (origin) {
      site = this.#noteCaller(origin.callSite)
    } else if (isTracing && statement.wantsSite((use?.calls ?? 0) + 1)) {
      site = this.#noteCaller(captureCallSite(below, record))
    }
    if (site !== undefined && use !== undefined) use = record!.useAt(use, site)
    this.#site = site
    this.#use = use
    use?.call(this.#hash)
    this.#startedAt = origin ? origin.startedAt : now()
  }

  /** The driver has a connection now. */
  start(connection: ConnectionState): void {
    this.#startedAt = now()
    this.ranOn(connection)
  }

  ranOn(connection: ConnectionState): void {
    this.#connection = connection
    const { step } = this.#sent.statement
    if (step === 'begin') connection.transaction = ++transactions
    this.#transaction = connection.transaction
    if (step === 'end') connection.transaction = undefined
  }

  finish(failed: boolean, rows: number): void {
    if (this.isFinished) return
    this.isFinished = true
    const durationMs = now() - this.#startedAt
    const { statement, placeholders } = this.#sent
    const { record } = this
    if (level >= TRACE && !failed) statement.sample(placeholders, this.#values, durationMs, rows)
    if (record === undefined) {
      addBackgroundUse(statement, durationMs, rows, failed)
      return
    }
    this.#addToUse(durationMs, rows, failed)
    record.queries++
    record.databaseMs += durationMs
    record.rows += rows
    record.poolWaitMs += this.poolWaitMs
    if (this.poolWaitMs > record.longestWaitMs) record.longestWaitMs = this.poolWaitMs
    if (level < TRACE || record.isFinished) return
    record.addSpan({
      kind: 'query',
      startedAt: this.#startedAt,
      durationMs,
      failed,
      statement,
      rows,
      hash: this.#hash,
      poolWaitMs: this.poolWaitMs,
      connection: this.#connection?.number,
      transaction: this.#transaction,
      site: this.#site ?? this.#use?.site,
    })
  }

  #noteCaller({ site, issuedBy }: CallSite): Site | undefined {
    const { statement } = this.#sent
    if (issuedBy !== undefined && statement.issuedBy !== issuedBy) statement.nameIssuer(issuedBy)
    return site
  }

  #addToUse(durationMs: number, rows: number, failed: boolean): void {
    const use = this.#use
    if (use === undefined) return
    use.totalMs += durationMs
    if (durationMs > use.maxMs) use.maxMs = durationMs
    use.rows += rows
    use.poolWaitMs += this.poolWaitMs
    if (failed) use.errors++
  }
}
