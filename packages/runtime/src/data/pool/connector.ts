/** Opens connections with the pool's limits set on the server, and finds out whether a pooler stands between, where they must be kept another way. */
import type { ClientConfig } from 'pg'
import { tell } from './events.ts'
import { internals } from './driver-internals.ts'
import type { PoolLimits } from './options.ts'
import { PreparedNames } from './prepared-names.ts'
import { Session } from './session.ts'
import type { SessionRules } from './session.ts'
import type { TimeLimits } from '../../time-limits.ts'

/** PgBouncer refuses settings in the greeting that it would have to keep for one client alone. */
const protocolViolation = '08P01'

export class Connector {
  readonly names: PreparedNames
  readonly rules: SessionRules & { statementGuardMs: number }
  cancelled = 0
  readonly #connection: ClientConfig
  readonly #limits: PoolLimits
  #isPooled: boolean | undefined
  #greetsWithLimits = true

  constructor(connection: ClientConfig, limits: PoolLimits, timeLimits: TimeLimits) {
    this.#connection = connection
    this.#limits = limits
    this.names = new PreparedNames(limits.prepare)
    this.rules = {
      names: this.names,
      preparedPerConnection: limits.preparedPerConnection,
      timeLimits,
      statementGuardMs: 0,
      namesRefused: code => this.#switchNamesOff(`the server answered ${code}: its prepared statements are not ours`),
      cancelSent: () => {
        this.cancelled++
        tell(() => ({ kind: 'cancelled', pool: limits.name }))
      },
    }
  }

  /** Whether something between shares server connections among clients; undefined before the first connection. */
  get isPooled(): boolean | undefined {
    return this.#isPooled
  }

  async open(): Promise<Session> {
    // Several may open at a time: each must know what it said itself.
    const greetedWithLimits = this.#greetsWithLimits
    const session = new Session(this.config(), this.rules)
    // Until the pool listens itself: `connect` rejects, and that is enough.
    session.on('error', nothing)
    try {
      await session.connect()
      if (this.#isPooled === undefined) await this.#look(session)
    } catch (error) {
      session.end().catch(nothing)
      if (!greetedWithLimits || (error as { code?: string }).code !== protocolViolation) throw error
      this.#greetsWithLimits = false
      return await this.open()
    }
    const { lifetimeMs, random } = this.#limits
    if (lifetimeMs > 0) session.expiresAtMs = performance.now() + lifetimeMs * (1 - random() / 10)
    session.off('error', nothing)
    return session
  }

  /** @param own settings of somebody who keeps connections himself, such as an ORM; they come before the pool's */
  config(own: ClientConfig = {}): ClientConfig {
    const { connectTimeoutMs, statementTimeoutMs, idleInTransactionTimeoutMs } = this.#limits
    const limits = {
      ...(statementTimeoutMs > 0 && { statement_timeout: statementTimeoutMs }),
      ...(idleInTransactionTimeoutMs > 0 && { idle_in_transaction_session_timeout: idleInTransactionTimeoutMs }),
    }
    return {
      connectionTimeoutMillis: connectTimeoutMs,
      ...(this.#greetsWithLimits && limits),
      ...this.#connection,
      ...own,
    }
  }

  /** A pooler shows process numbers of its own for cancelling; a server shows the one it has. */
  async #look(session: Session): Promise<void> {
    const ask: Promise<{ readonly rows: readonly { readonly pid: number }[] }> = session.query(
      'select pg_catalog.pg_backend_pid() as pid',
    )
    const { rows } = await ask
    this.#isPooled = rows[0]?.pid !== internals(session).processID
    if (!this.#isPooled) return
    this.rules.statementGuardMs = this.#limits.statementTimeoutMs
    this.#switchNamesOff('a pooler stands between, which may give our connection to others')
  }

  #switchNamesOff(because: string): void {
    if (this.names.switchOff(because)) tell(() => ({ kind: 'prepare-off', pool: this.#limits.name, because }))
  }
}

function nothing(): void {}
