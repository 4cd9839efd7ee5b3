/** The rows of a query one by one, as they come: a list of any length in the memory of two batches. */
import type { QueryResultRow } from 'pg'
import { type ClientSource, sourceFor } from '../client-source.ts'
import type { Statement } from '../queryable.ts'
import { RowBatches, type StreamOptions } from './row-batches.ts'

/**
 * ```ts
 * for await (const order of streamRows<Order>(pool, { text: 'SELECT * FROM orders WHERE day = $1', values: [day] })) …
 * ```
 * Nothing is sent before the first row is asked for. Leaving the loop closes the cursor on the server.
 * @throws RangeError at once for a `batchRows` out of its range; what the server says, the reason of a cancelled `ctx`, Fault `FAULT_DEADLINE`
 */
export function streamRows<Row = QueryResultRow>(
  source: ClientSource,
  statement: string | Statement,
  options?: StreamOptions,
): AsyncGenerator<Row, void, undefined> {
  return rowsOf(new RowBatches<Row>(sourceFor(source, streamRows), statement, options))
}

async function* rowsOf<Row>(batches: RowBatches<Row>): AsyncGenerator<Row, void, undefined> {
  for await (const rows of batches) yield* rows
}
