/** A transaction as one call: begun with its limits, committed or rolled back whatever happens, and run again when the server says that it may be. */
import { setTimeout as delay } from 'node:timers/promises'
import type { QueryResult } from 'pg'
import type { Ctx } from '../../context.ts'
import { Fault } from '../../fault.ts'
import { checkWhole, mostCounted } from '../bounds.ts'
import { refusalOf } from './session.ts'
import type { Session } from './session.ts'

export interface TransactionOptions {
  /** Default: the server's, which is `read committed` unless it was told otherwise. */
  readonly isolation?: 'read committed' | 'repeatable read' | 'serializable'
  /**
   * Further attempts after a serialization failure (40001) or a deadlock (40P01): the server has undone everything by then. Default 0,
   * because your function is run again and may do more than SQL. With `repeatable read` and `serializable` you want some, say 3.
   */
  readonly retry?: number
  readonly readOnly?: boolean
  /** Its deadline and its cancelling hold for every statement, and the deadline is told to the server too. */
  readonly ctx?: Ctx | undefined
}

/** SQLSTATEs after which the same transaction may succeed. */
const mayBeRunAgain: ReadonlySet<string | undefined> = new Set(['40001', '40P01'])
/** Full jitter below 10 ms, doubled at each attempt up to this. */
const firstPauseMs = 10
const longestPauseMs = 500

export interface TransactionSettings {
  readonly statementTimeoutMs: number
  readonly idleInTransactionTimeoutMs: number
  /** Limits are set for the transaction where the session could not be given any. */
  readonly isPooled: boolean
  readonly random: () => number
}

/** @param lend runs a function with a connection and takes it back */
export async function runTransaction<T>(
  lend: <R>(run: (session: Session) => Promise<R>) => Promise<R>,
  run: (session: Session) => Promise<T>,
  options: TransactionOptions,
  settings: () => TransactionSettings,
): Promise<T> {
  const { retry = 0, ctx } = options
  checkWhole(0, mostCounted, { retry })
  for (let attempt = 0; ; attempt++) {
    try {
      return await lend(async session => await once(session, run, options, settings()))
    } catch (error) {
      if (attempt >= retry || !mayBeRunAgain.has((error as { code?: string } | undefined)?.code)) throw error
      const pauseMs = settings().random() * Math.min(longestPauseMs, firstPauseMs * 2 ** attempt)
      if (ctx && (ctx.cancelled || ctx.deadlineMs <= performance.now() + pauseMs)) throw error
      // A connection is held while somebody works, not while he waits.
      await delay(pauseMs)
    }
  }
}

async function once<T>(
  session: Session,
  run: (session: Session) => Promise<T>,
  options: TransactionOptions,
  settings: TransactionSettings,
): Promise<T> {
  session.ctx = options.ctx
  try {
    await ask(session, beginText(options, settings, performance.now()))
    const answer = await run(session)
    const refusal = refusalOf(options.ctx, performance.now())
    if (refusal) throw refusal
    // Once asked for, a commit is waited for: given up, nobody would know what became of it.
    session.ctx = undefined
    const { command } = await ask(session, 'COMMIT')
    if (command === 'COMMIT') return answer
    throw new Fault(
      'FAULT_TX_ABORTED',
      'COMMIT was answered with ROLLBACK: a statement had failed and its error was not passed on',
      {
        retryable: false,
        hint: 'let errors of statements leave the function, or set a savepoint before what may fail',
      },
    )
  } catch (error) {
    session.ctx = undefined
    // What is being cancelled must end first, or the rollback would be what is cancelled.
    await session.cancelling
    // Where this fails the connection is lost, and the server rolls back by itself.
    if (session.isSound && session.isInTransaction) await ask(session, 'ROLLBACK').catch(() => undefined)
    throw error
  }
}

async function ask(session: Session, text: string): Promise<QueryResult> {
  return await (session.query(text) as Promise<QueryResult>)
}

/** One message to the server, however much there is to say. */
export function beginText(options: TransactionOptions, settings: TransactionSettings, nowMs: number): string {
  const { isolation, readOnly, ctx } = options
  const { statementTimeoutMs, idleInTransactionTimeoutMs, isPooled } = settings
  const leftMs = Math.max(1, Math.ceil((ctx?.deadlineMs ?? Infinity) - nowMs))
  const usualMs = statementTimeoutMs > 0 ? statementTimeoutMs : Infinity
  const begin = `BEGIN${isolation ? ` ISOLATION LEVEL ${isolation.toUpperCase()}` : ''}${readOnly ? ' READ ONLY' : ''}`
  return [
    begin,
    ...((leftMs < usualMs || isPooled) && Math.min(leftMs, usualMs) < Infinity
      ? [`SET LOCAL statement_timeout = ${Math.min(leftMs, usualMs)}`]
      : []),
    ...(isPooled && idleInTransactionTimeoutMs > 0
      ? [`SET LOCAL idle_in_transaction_session_timeout = ${idleInTransactionTimeoutMs}`]
      : []),
  ].join('; ')
}
