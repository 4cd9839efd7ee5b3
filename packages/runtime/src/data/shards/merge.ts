/** One ordered page out of the ordered pages of many shards. */

export interface MergeColumn {
  readonly name: string
  readonly descending?: boolean
  /** Where NULL stands; PostgreSQL's default: last when ascending, first when descending. */
  readonly nulls?: 'first' | 'last'
  /** pg hands out int8 and numeric as text: `'number'` compares such text by value. Text is compared by its UTF-8 bytes, so it must be ordered COLLATE "C". */
  readonly as?: 'number'
}

export type MergeOrder = readonly MergeColumn[]

export function comparisonOf(order: MergeOrder): (a: object, b: object) => number {
  const columns = order.map(({ name, descending = false, nulls = descending ? 'first' : 'last', as }) => {
    const sign = descending ? -1 : 1
    const nullFirst = nulls === 'first' ? -1 : 1
    return (a: object, b: object) => {
      const [left, right] = [(a as Row)[name] ?? null, (b as Row)[name] ?? null]
      if (left === null || right === null) return left === right ? 0 : left === null ? nullFirst : -nullFirst
      return sign * compareValues(left, right, as === 'number')
    }
  })
  return (a, b) => {
    for (const compare of columns) {
      const difference = compare(a, b)
      if (difference !== 0) return difference
    }
    return 0
  }
}

/** The first `limit` of all, each list being in order already. Of equal rows those of the earlier list come first. */
export function mergeOrdered<Row extends object>(
  lists: readonly (readonly Row[])[],
  compare: (a: object, b: object) => number,
  limit: number,
): Row[] {
  const positions = lists.map(() => 0)
  const merged: Row[] = []
  // Shards are few: looking at every head costs less than keeping a heap.
  while (merged.length < limit) {
    let best = -1
    for (let list = 0; list < lists.length; list++) {
      const head = lists[list]![positions[list]!]
      if (head !== undefined && (best < 0 || compare(head, lists[best]![positions[best]!]!) < 0)) best = list
    }
    if (best < 0) break
    merged.push(lists[best]![positions[best]!++]!)
  }
  return merged
}

type Row = Readonly<Record<string, unknown>>

function compareValues(left: unknown, right: unknown, asNumber: boolean): number {
  if (asNumber) return compareNumbers(String(left), String(right))
  if (typeof left === 'string' && typeof right === 'string')
    return Buffer.compare(Buffer.from(left), Buffer.from(right))
  const [a, b] = [left as number, right as number]
  return a < b ? -1 : a > b ? 1 : 0
}

/** Whole numbers beyond 2^53 by their exact value, others as doubles. */
function compareNumbers(left: string, right: string): number {
  const whole = /^-?\d+$/
  const [a, b] = whole.test(left) && whole.test(right) ? [BigInt(left), BigInt(right)] : [Number(left), Number(right)]
  return a < b ? -1 : a > b ? 1 : 0
}
