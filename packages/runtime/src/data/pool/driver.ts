/** The pool as a `pg` module, for ORMs that make their pool (TypeORM) or each connection (Sequelize) themselves: its limits hold there too. */
import pg from 'pg'
import type { Connector } from './connector.ts'
import type { Lending } from './lending.ts'
import type { Pool } from './pool.ts'
import { Session } from './session.ts'

/** Whatever `pg` exports, with these two in place of its own. */
export type PgDriver = Omit<typeof pg, 'Pool' | 'Client'> & {
  /** Is the pool it came from, whatever it is given: where to connect is the pool's. */
  readonly Pool: new (options?: pg.PoolConfig) => Pool
  /** A connection that takes one of the pool's places until it ends. */
  readonly Client: new (config?: pg.ClientConfig) => pg.Client
}

export function driverOf(pool: Pool, connector: Connector, lending: Lending): PgDriver {
  class KeptClient extends Session {
    #hasRoom = false

    constructor(config?: pg.ClientConfig) {
      super(connector.config(config), connector.rules)
      this.once('end', () => this.#leave())
    }

    override connect(): Promise<pg.Client>
    override connect(callback: (error: Error) => void): void
    override connect(callback?: (error: Error) => void): Promise<pg.Client> | void {
      if (callback === undefined) {
        return new Promise((resolve, reject) => {
          this.connect((error: Error | null) => (error ? reject(error) : resolve(this)))
        })
      }
      lending.reserveRoom(error => {
        if (error) return process.nextTick(callback, error)
        this.#hasRoom = true
        super.connect(((failure: Error) => {
          if (failure) this.#leave()
          callback(failure)
        }) as never)
      })
    }

    #leave(): void {
      if (!this.#hasRoom) return
      this.#hasRoom = false
      lending.returnRoom()
    }
  }

  function PoolItself(): Pool {
    return pool
  }
  return Object.assign(Object.create(pg) as typeof pg, { Pool: PoolItself, Client: KeptClient }) as unknown as PgDriver
}
