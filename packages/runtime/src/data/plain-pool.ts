/** Makes a pool of node-postgres, as it is, one of the data layer's own kind. */
import type { Pool, QueryConfig, QueryResult, QueryResultRow } from 'pg'
import type { Ctx } from '../context.ts'
import type { Queryable, Statement } from './queryable.ts'

/** The pool's `error` events pass through: a server that dies shows there first. */
export interface PlainPool extends Queryable {
  readonly pool: Pool
  on(event: 'error', listener: (error: Error) => void): void
}

/** A cancelled context ends the waiting only: what the server is doing, it finishes. */
export function queryableOf(pool: Pool): PlainPool {
  return {
    pool,
    on: (event, listener) => void pool.on(event, listener),
    async query<Row extends QueryResultRow>(
      statement: string | Statement,
      values?: readonly unknown[],
      ctx?: Ctx,
    ): Promise<QueryResult<Row>> {
      const config = typeof statement === 'string' ? { text: statement } : { ...statement }
      const answer = pool.query<Row>({ ...config, ...(values && { values: [...values] }) } as QueryConfig)
      return ctx === undefined ? await answer : await untilCancelled(answer, ctx)
    },
  }
}

async function untilCancelled<T>(answer: Promise<T>, ctx: Ctx): Promise<T> {
  let forget: () => void = () => undefined
  const cancelled = new Promise<never>((_, reject) => {
    // Whatever the canceller gave as its reason is what the caller is to see.
    // oxlint-disable-next-line typescript/prefer-promise-reject-errors
    forget = ctx.onCancel(reason => reject(reason))
  })
  try {
    return await Promise.race([answer, cancelled])
  } finally {
    forget()
  }
}
