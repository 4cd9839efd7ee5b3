/** One query from the call in the service to the driver's answer, whatever the driver. */
import type { Site } from '@whetstone/model'
import { captureCallSite } from './call-site.ts'
import type { CallSite } from './call-site.ts'
import { now } from './clock.ts'
import { currentRequest } from './context.ts'
import { addBackgroundUse } from './ledger.ts'
import { level, TRACE } from './level.ts'
import { joinHashes, parametersHash } from './parameters-hash.ts'
import { noteRead } from './read-keys.ts'
import type { RequestRecord, SpanRecord, UseRecord } from './request-record.ts'
import { statementOf } from './statements.ts'
import type { SentText, StatementRecord } from './statements.ts'

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
  /** The newest statement, how many are under way, and when one last began or ended. */
  last: StatementRecord | undefined
  running: number
  lastAt: number
  /** The last callback that was put around one of the driver's: where it is still the newest, no query was added. */
  observed: unknown
}

/** Serialization failure and deadlock: the same transaction may well pass the next time. */
const conflicts: ReadonlySet<string> = new Set(['40001', '40P01'])
/** A prepared statement that is there already, and one that is not: what a pooler makes of names. */
const nameErrors: ReadonlySet<string> = new Set(['42P05', '26000'])

let transactions = 0
let connections = 0
const states = new WeakMap<object, ConnectionState>()

/** `connection` is whatever object the driver keeps for one. */
export function connectionState(connection: object): ConnectionState {
  const known = states.get(connection)
  if (known) return known
  const state: ConnectionState = {
    number: ++connections,
    transaction: undefined,
    last: undefined,
    running: 0,
    lastAt: -Infinity,
    observed: undefined,
  }
  states.set(connection, state)
  return state
}

/** Kept as the span of its trace when it is over: a second object for every query would double what is thrown away. */
export class QueryCall implements SpanRecord {
  readonly kind = 'query'
  readonly record: RequestRecord | undefined
  readonly statement: StatementRecord
  readonly hash: number
  readonly site: Site | undefined
  readonly #use: UseRecord | undefined
  #sent: SentText | undefined
  #values: Values
  #state: ConnectionState | undefined
  startedAt: number
  durationMs = 0
  failed = false
  rows = 0
  poolWaitMs = 0
  connection: number | undefined
  transaction: number | undefined
  isFinished = false
  /** Its answer goes to a promise, which brings its own context along: nothing of the service runs inside the driver's callback. */
  isPromised = false

  /** `below` is the hooked function: frames above it in the stack are ours. */
  constructor(text: string, values: Values, below: Below, origin?: QueryOrigin) {
    const current = origin ? origin.record : currentRequest()
    const record = current?.isFinished ? undefined : current
    this.record = record
    const sent = statementOf(text)
    const { statement } = sent
    this.statement = statement
    this.#sent = sent
    this.#values = values
    const isTracing = level >= TRACE
    // Literals are parameters too: without them two different lookups written out in full would look like a duplicate.
    this.hash = isTracing ? joinHashes(parametersHash(values), sent.literalsHash) : 0
    let use = record?.useOf(statement)
    let site: Site | undefined
    if (origin) {
      site = this.#noteCaller(origin.callSite)
    } else if (isTracing && statement.wantsSite((use?.calls ?? 0) + 1, record?.trail !== undefined)) {
      site = this.#noteCaller(captureCallSite(below, record))
    }
    if (site !== undefined && use !== undefined) use = record!.useAt(use, site)
    this.site = site ?? use?.site
    this.#use = use
    use?.call(this.hash)
    if (isTracing && sent.literals !== undefined && record !== undefined) statement.noteUrl(sent, record.url)
    this.startedAt = origin ? origin.startedAt : now()
  }

  /** The driver has a connection now. */
  start(connection: ConnectionState): void {
    this.startedAt = now()
    this.ranOn(connection)
  }

  ranOn(connection: ConnectionState): void {
    this.#state = connection
    this.connection = connection.number
    connection.last = this.statement
    connection.lastAt = this.startedAt
    connection.running++
    const { step } = this.statement
    if (step === 'begin') connection.transaction = ++transactions
    this.transaction = connection.transaction
    if (step === 'end') connection.transaction = undefined
  }

  /** The newest query of a connection is watched already: none was added to it. */
  isObserved(callback: unknown): boolean {
    return this.#state?.observed === callback
  }

  observes(callback: unknown): void {
    if (this.#state !== undefined) this.#state.observed = callback
  }

  /** @param sqlState the server's code of an error, where there is one */
  finish(failed: boolean, rows: number, sqlState?: string): void {
    if (this.isFinished) return
    this.isFinished = true
    const endedAt = now()
    const durationMs = endedAt - this.startedAt
    this.durationMs = durationMs
    this.failed = failed
    this.rows = rows
    const { record, statement } = this
    if (level >= TRACE && !failed) statement.sample(this.#sent!.placeholders, this.#values, durationMs, rows)
    if (this.#state !== undefined) {
      this.#state.running--
      this.#state.lastAt = endedAt
    }
    if (sqlState !== undefined && nameErrors.has(sqlState)) statement.noteNameError()
    // What is kept of it must not keep the parameters alive.
    this.#values = this.#sent = this.#state = undefined
    if (record === undefined) {
      addBackgroundUse(statement, durationMs, rows, failed)
      return
    }
    this.#addToUse(durationMs, rows, failed, sqlState !== undefined && conflicts.has(sqlState))
    record.queries++
    record.databaseMs += durationMs
    record.rows += rows
    record.poolWaitMs += this.poolWaitMs
    if (this.poolWaitMs > record.longestWaitMs) record.longestWaitMs = this.poolWaitMs
    if (level < TRACE) return
    if (!failed) noteRead(statement, this.hash, endedAt)
    if (!record.isFinished) record.addSpan(this)
  }

  #noteCaller({ site, issuedBy }: CallSite): Site | undefined {
    const { statement } = this
    if (issuedBy !== undefined && statement.issuedBy !== issuedBy) statement.nameIssuer(issuedBy)
    return site
  }

  #addToUse(durationMs: number, rows: number, failed: boolean, isConflict: boolean): void {
    const use = this.#use
    if (use === undefined) return
    use.totalMs += durationMs
    if (durationMs > use.maxMs) use.maxMs = durationMs
    use.rows += rows
    use.poolWaitMs += this.poolWaitMs
    if (failed) use.errors++
    if (isConflict) use.conflicts++
  }
}
