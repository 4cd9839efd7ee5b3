/** A query as a body: NDJSON or CSV that is written as fast as it is read, and stops costing anything when nobody reads on. */
import { Readable } from 'node:stream'
import type { QueryResultRow } from 'pg'
import { csvLine } from '../bulk/csv.ts'
import { textOf } from '../bulk/text-value.ts'
import { type ClientSource, sourceFor } from '../client-source.ts'
import type { Statement } from '../queryable.ts'
import { RowBatches, type StreamOptions } from './row-batches.ts'

/** One JSON object a line (`application/x-ndjson`). A failure destroys the stream with its error: a body cut short must not look whole. */
export function ndjsonStream(source: ClientSource, statement: string | Statement, options?: StreamOptions): Readable {
  return new BatchText(new RowBatches<QueryResultRow>(sourceFor(source, ndjsonStream), statement, options), rows => {
    let text = ''
    for (const row of rows) text += `${JSON.stringify(row)}\n`
    return text
  })
}

export interface CsvStreamOptions extends StreamOptions {
  /** Those to be written, in this order; of rows as arrays, their names. Default: the columns of the result, named also when there is no row. */
  readonly columns?: readonly string[]
  /** Default true. */
  readonly header?: boolean
}

/** `text/csv`, values as PostgreSQL reads them back; NULL is nothing between the commas. */
export function csvStream(
  source: ClientSource,
  statement: string | Statement,
  options: CsvStreamOptions = {},
): Readable {
  const batches = new RowBatches<QueryResultRow>(sourceFor(source, csvStream), statement, options)
  const isOfArrays = typeof statement === 'object' && statement.rowMode === 'array'
  let { columns } = options
  let isFirst = options.header ?? true
  // A row as an object has one value for all columns of a name.
  const names = () => (columns ??= isOfArrays ? batches.columns : [...new Set(batches.columns)])
  const head = () => {
    const line = isFirst && names()?.length ? csvLine(columns!) : ''
    isFirst = false
    return line
  }
  return new BatchText(
    batches,
    rows => {
      let text = head()
      const written = names() ?? []
      for (const row of rows) {
        const values = isOfArrays ? (row as unknown as readonly unknown[]) : written.map(name => row[name] as unknown)
        text += csvLine(values.map(value => textOf(value)))
      }
      return text
    },
    head,
  )
}

class BatchText extends Readable {
  readonly #batches: RowBatches<QueryResultRow>
  readonly #textOf: (rows: readonly QueryResultRow[]) => string
  readonly #atEnd: () => string

  constructor(
    batches: RowBatches<QueryResultRow>,
    text: (rows: readonly QueryResultRow[]) => string,
    atEnd: () => string = () => '',
  ) {
    super()
    this.#batches = batches
    this.#textOf = text
    this.#atEnd = atEnd
  }

  override _read(): void {
    this.#batches
      .next()
      .then(({ done, value }) => {
        if (this.destroyed) return
        if (!done) return void this.push(this.#textOf(value))
        const last = this.#atEnd()
        if (last !== '') this.push(last)
        this.push(null)
      })
      .catch((error: Error) => this.destroy(error))
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    void this.#leave(error, callback)
  }

  async #leave(error: Error | null, callback: (error?: Error | null) => void): Promise<void> {
    await this.#batches.return()
    callback(error)
  }
}
