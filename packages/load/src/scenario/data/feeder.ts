/** Where the values of users come from, and in which order they are handed out: the words of a scenario file. */
import { checkKeys } from '../known-keys.ts'
import type { Site } from '../site.ts'
import { scenarioError, siteOf } from '../site.ts'

export interface Feeder {
  readonly kind: 'feeder'
  readonly source: Source
  readonly order: Order
  readonly site: Site | undefined
}

/**
 * `in-turn`: user number n takes row n modulo the number of rows, so that workers never take the same row out of turn.
 * `random`: any row, by the seed. `once`: like `in-turn`, and the run ends before the first user who would find none.
 */
export type Order = 'in-turn' | 'random' | 'once'

export type Source = FileSource | SqlSource | ListSource | RangeSource | GeneratorSource

export interface FileSource {
  readonly kind: 'csv' | 'jsonl'
  /** Relative to the scenario file. */
  readonly file: string
  readonly delimiter?: string
  readonly numbers?: readonly string[]
}

export interface SqlSource {
  readonly kind: 'sql'
  readonly statement: string
  readonly url?: string
  readonly maxRows: number
  readonly timeoutMs: number
}

export interface ListSource {
  readonly kind: 'list'
  readonly values: readonly unknown[]
}

export interface RangeSource {
  readonly kind: 'range'
  readonly from: number
  readonly step: number
  readonly count: number
}

export interface GeneratorSource {
  readonly kind: 'generator'
  readonly make: (arrival: number) => unknown
}

export interface DrawOptions {
  /** Default `in-turn`. */
  readonly order?: Order
}

export interface CsvOptions extends DrawOptions {
  /** Default a comma. */
  readonly delimiter?: string
  /** Columns that hold numbers; all others are text. */
  readonly numbers?: readonly string[]
}

export interface SqlOptions extends DrawOptions {
  /** Default the environment's `DATABASE_URL`. */
  readonly url?: string
  /** More rows than this are an error rather than memory. Default 100,000. */
  readonly maxRows?: number
  /** Default 30,000. */
  readonly timeoutMs?: number
}

/** Rows of a file whose first line names the columns: `{item.id}` is column `id`. At most a million. */
export function csv(file: string, options: CsvOptions = {}): Feeder {
  const site = siteOf(csv)
  checkKeys('csv', options, { order: true, delimiter: true, numbers: true }, site)
  const { order = 'in-turn', ...rest } = options
  return { kind: 'feeder', source: { kind: 'csv', file, ...rest }, order, site }
}

/** One JSON value a line. At most a million. */
export function jsonl(file: string, options: DrawOptions = {}): Feeder {
  const site = siteOf(jsonl)
  checkKeys('jsonl', options, { order: true }, site)
  return { kind: 'feeder', source: { kind: 'jsonl', file }, order: options.order ?? 'in-turn', site }
}

/** Rows of a PostgreSQL query, asked through `pg` in a read-only transaction by every worker: give it an `order by`. */
export function sql(statement: string, options: SqlOptions = {}): Feeder {
  const site = siteOf(sql)
  checkKeys('sql', options, { order: true, url: true, maxRows: true, timeoutMs: true }, site)
  const { order = 'in-turn', maxRows = 100_000, timeoutMs = 30_000, url } = options
  const source: SqlSource = { kind: 'sql', statement, maxRows, timeoutMs, ...(url === undefined ? {} : { url }) }
  return { kind: 'feeder', source, order, site }
}

/** The values given. */
export function list(values: readonly unknown[], options: DrawOptions = {}): Feeder {
  const site = siteOf(list)
  checkKeys('list', options, { order: true }, site)
  const { order = 'in-turn' } = options
  if (values.length === 0) throw scenarioError(site, 'the list is empty')
  return { kind: 'feeder', source: { kind: 'list', values: [...values] }, order, site }
}

/** Whole steps from `from` up to and including `to`. */
export function range(from: number, to: number, options: DrawOptions & { readonly step?: number } = {}): Feeder {
  const site = siteOf(range)
  checkKeys('range', options, { order: true, step: true }, site)
  const { step = 1, order = 'in-turn' } = options
  const count = Math.floor((to - from) / step) + 1
  if (!(step > 0 && count >= 1 && Number.isSafeInteger(count))) {
    throw scenarioError(site, `range(${from}, ${to}) in steps of ${step} holds nothing`)
  }
  return { kind: 'feeder', source: { kind: 'range', from, step, count }, order, site }
}

/**
 * Values made by you: of a function of the user's number, or of a `function*` whose n-th value belongs to user n, on
 * whichever worker that user is; each worker runs it.
 */
export function generate(make: (arrival: number) => unknown): Feeder {
  return { kind: 'feeder', source: { kind: 'generator', make }, order: 'in-turn', site: siteOf(generate) }
}

export function isFeeder(value: unknown): value is Feeder {
  return typeof value === 'object' && value !== null && (value as Feeder).kind === 'feeder'
}
