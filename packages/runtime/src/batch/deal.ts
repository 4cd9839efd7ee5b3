/** Gives each key of a load its part of what the loader returned, in whatever order and number the rows came. */
import { Fault } from '../fault.ts'
import type { Identity } from './identity.ts'

/**
 * What a loader may return: rows in any order (with `by`), one answer for each key in the order of the keys (without), or a
 * map from keys. An `Error` in the place of a row is the answer to that key alone, save with `by`: nobody can say whose it is,
 * so there it fails the load; return a map instead.
 */
export type Loaded<Key, Row> =
  readonly (Row | Error | null | undefined)[] | ReadonlyMap<Key, Row | Error | null | undefined>

export interface Dealing<Key, Row> {
  readonly by: ((row: Row) => Key) | undefined
  readonly identify: (key: Key) => Identity
  /** Every row of a key, not one. */
  readonly many: boolean
}

/**
 * @returns one answer a key, in the order of the keys; `undefined` (or `[]` with `many`) where there was no row
 * @throws Fault `FAULT_BATCH_SHAPE` when the rows cannot be told apart: it is the loader that is wrong then, not a row
 */
export function deal<Key, Row>(
  keys: readonly Key[],
  loaded: Loaded<Key, Row>,
  dealing: Dealing<Key, Row>,
): readonly unknown[] {
  if (loaded instanceof Map) return fromMap(keys, loaded, dealing)
  if (!Array.isArray(loaded))
    throw shape(`the loader returned ${typeof loaded}`, 'return a list of rows, or a map from keys')
  return dealing.by === undefined ? inOrder(keys, loaded) : byKey(keys, loaded, dealing.by, dealing)
}

function inOrder(keys: readonly unknown[], answers: readonly unknown[]): readonly unknown[] {
  if (answers.length === keys.length) return answers
  throw shape(
    `the loader returned ${answers.length} answers to ${keys.length} keys`,
    'give `by`, which says whose row it is, or return one answer for each key in the order of the keys',
  )
}

function fromMap<Key>(
  keys: readonly Key[],
  loaded: ReadonlyMap<Key, unknown>,
  { identify, many }: Pick<Dealing<Key, never>, 'identify' | 'many'>,
): readonly unknown[] {
  const found = new Map<Identity, unknown>()
  for (const [key, value] of loaded) found.set(identify(key), value)
  return keys.map(key => found.get(identify(key)) ?? (many ? [] : undefined))
}

function byKey<Key, Row>(
  keys: readonly Key[],
  rows: readonly unknown[],
  by: (row: Row) => Key,
  { identify, many }: Dealing<Key, Row>,
): readonly unknown[] {
  const places = new Map<Identity, number>()
  for (let at = 0; at < keys.length; at++) places.set(identify(keys[at]!), at)
  const answers: unknown[] = many ? keys.map(() => []) : Array.from({ length: keys.length })
  let texts: Map<string, number> | undefined
  let [unclaimed, first] = [0, '']
  for (const row of rows) {
    if (row instanceof Error) throw row
    const identity = identify(by(row as Row))
    let at = places.get(identity)
    // node-postgres reads bigint as text: the row of key 7 says '7', and 7n is the same row.
    if (at === undefined) at = (texts ??= textsOf(places)).get(String(identity))
    if (at === undefined) {
      if (unclaimed++ === 0) first = String(identity)
      continue
    }
    if (many) (answers[at] as unknown[]).push(row)
    else answers[at] ??= row
  }
  if (unclaimed > 0 && unclaimed === rows.length)
    throw shape(
      `no key was asked for any of the ${rows.length} rows, the first of ${first}`,
      '`by` must return the key under which the row was asked for',
    )
  return answers
}

function textsOf(places: ReadonlyMap<Identity, number>): Map<string, number> {
  const texts = new Map<string, number>()
  for (const [identity, at] of places) if (!texts.has(String(identity))) texts.set(String(identity), at)
  return texts
}

function shape(message: string, hint: string): Fault {
  return new Fault('FAULT_BATCH_SHAPE', message, { retryable: false, hint })
}
