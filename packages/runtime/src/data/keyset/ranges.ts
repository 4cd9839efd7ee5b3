/** The rows after a given one, as ranges each of which a B-tree reads in order. */
import type { Walked } from './order.ts'

/** Numbers a value of the position as a parameter of the statement. */
export type Parameter = (value: string) => string

/**
 * One condition where a row comparison says it; otherwise those of `(a, b) > (1, 2)` taken apart: `a > 1`; where NULL stands
 * last `a IS NULL`; `a = 1 AND b > 2`. They exclude one another.
 * @param position the text of each column of the row to start after
 * @returns empty when nothing can follow
 */
export function rangesAfter(
  columns: readonly Walked[],
  position: readonly (string | null)[],
  parameter: Parameter,
): readonly string[] {
  const [first] = columns
  const agree = columns.every(({ descending, nulls }) => nulls === 'none' && descending === first!.descending)
  if (agree) {
    const left = columns.map(({ sql }) => sql)
    const right = position.map(value => parameter(value!))
    return [`(${left.join(', ')}) ${first!.descending ? '<' : '>'} (${right.join(', ')})`]
  }
  // Numbered once: the same value stands in several ranges.
  const values = position.map(value => (value === null ? undefined : parameter(value)))
  return columns.flatMap((column, at) => {
    const same = columns.slice(0, at).map(({ sql }, before) => equals(sql, values[before]))
    return beyond(column, values[at]).map(range => [...same, range].join(' AND '))
  })
}

function equals(sql: string, value: string | undefined): string {
  return value === undefined ? `${sql} IS NULL` : `${sql} = ${value}`
}

function beyond({ sql, descending, nulls }: Walked, value: string | undefined): string[] {
  if (value === undefined) return nulls === 'first' ? [`${sql} IS NOT NULL`] : []
  return [`${sql} ${descending ? '<' : '>'} ${value}`, ...(nulls === 'last' ? [`${sql} IS NULL`] : [])]
}
