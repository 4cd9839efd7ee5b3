/** Makes a feeder ready before the first user: reads its file or asks its database, and from then on only counts. */
import { drawn } from '../draw.ts'
import { scenarioError } from '../site.ts'
import type { Feeder, FileSource, GeneratorSource, SqlSource } from './feeder.ts'
import { readCsv } from './read-csv.ts'
import { readJsonLines } from './read-json-lines.ts'
import { querySql } from './query-sql.ts'

export interface OpenFeeder {
  /** For people: `items.csv`. */
  readonly from: string
  /** Absent for a generator, which has no end known beforehand. */
  readonly rows?: number
  /** When every row has the same ones. */
  readonly columns?: readonly string[]
  /** The value of global arrival number `arrival`; `place` tells draws of one user from each other. */
  at(arrival: number, place: number): unknown
}

/** Whether it can be opened without waiting. */
export function isAtHand({ source }: Feeder): boolean {
  return source.kind === 'list' || source.kind === 'range' || source.kind === 'generator'
}

/** Of a feeder that {@link isAtHand}. */
export function openAtHand(feeder: Feeder, seed: number): OpenFeeder {
  const { source } = feeder
  switch (source.kind) {
    case 'range':
      return counted(feeder, seed, source.count, index => source.from + index * source.step, {
        from: `${source.from} to ${source.from + (source.count - 1) * source.step}`,
      })
    case 'list':
      return counted(feeder, seed, source.values.length, index => source.values[index], { from: 'a list' })
    case 'generator':
      return { from: 'a function', at: generated(feeder, source) }
    default:
      throw scenarioError(feeder.site, `${source.kind} is not at hand`)
  }
}

/** Rejects with `WHET_SCENARIO_DATA` when the rows cannot be had. `folder` is that of the scenario file. */
export async function openFeeder(
  feeder: Feeder,
  { seed, folder }: { readonly seed: number; readonly folder: string },
): Promise<OpenFeeder> {
  const { source } = feeder
  if (source.kind !== 'csv' && source.kind !== 'jsonl' && source.kind !== 'sql') return openAtHand(feeder, seed)
  const rows = await rowsOf(source, folder)
  const columns = columnsOf(rows)
  return counted(feeder, seed, rows.length, index => rows[index], {
    from: source.kind === 'sql' ? 'a query' : source.file,
    ...(columns === undefined ? {} : { columns }),
  })
}

function rowsOf(source: FileSource | SqlSource, folder: string): Promise<readonly unknown[]> {
  if (source.kind === 'sql') return querySql(source)
  return source.kind === 'csv' ? readCsv(source, folder) : readJsonLines(source, folder)
}

function counted(
  { order }: Feeder,
  seed: number,
  rows: number,
  at: (index: number) => unknown,
  about: Pick<OpenFeeder, 'from' | 'columns'>,
): OpenFeeder {
  if (order === 'random') {
    return { ...about, rows, at: (arrival, place) => at(Math.floor(drawn(seed, arrival, place) * rows)) }
  }
  // `once` needs no check here: the run ends before the rows do.
  return { ...about, rows, at: arrival => at(arrival % rows) }
}

function generated({ site }: Feeder, { make }: GeneratorSource): OpenFeeder['at'] {
  if (make.constructor.name !== 'GeneratorFunction') return make
  const values = make(0) as Iterator<unknown>
  let next = 0
  let value: unknown
  return arrival => {
    // Users come in the order of their numbers; those of other workers are passed over.
    while (next <= arrival) {
      const made = values.next()
      if (made.done === true) throw scenarioError(site, `the generator ended before user ${arrival}`)
      value = made.value
      next++
    }
    return value
  }
}

function columnsOf(rows: readonly unknown[]): string[] | undefined {
  const first = rows[0]
  return typeof first === 'object' && first !== null && !Array.isArray(first) ? Object.keys(first) : undefined
}
