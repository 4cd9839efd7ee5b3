/** A flow of one request with few possible texts needs no user: all its texts are written before the run. */
import type { RequestPlan } from '../compile-request.ts'
import type { StatelessRequest } from '../compiled.ts'
import { isFeeder } from '../data/feeder.ts'
import type { Value } from '../definition.ts'
import { VirtualUser } from '../user.ts'

/** More texts than this are made for each user instead; a thousand of 200 bytes stay in the processor's cache. */
const MAX_TEXTS = 1_000

type Named<T> = readonly [name: string, value: T]

/** Undefined when the request differs by more than a choice of fixed values, or its answer is read. */
export function statelessRequest(plan: RequestPlan, values: readonly Named<Value>[]): StatelessRequest | undefined {
  const { route, method, checks, extracts, written, withToken } = plan
  const [check, ...more] = checks
  if (withToken || extracts.length > 0 || more.length > 0 || (check !== undefined && check.status === undefined)) {
    return undefined
  }
  const drawn = values.map(([name, value]) => [name, choicesOf(value)] as const)
  if (drawn.some(([, choices]) => choices === undefined)) return undefined
  if (!written.names.every(({ path: [name] }) => values.some(([known]) => known === name))) return undefined
  const all = combinations(drawn as Named<Choices>[])
  if (all === undefined) return undefined
  try {
    const fixed = all.map(variables => {
      const user = new VirtualUser(0, undefined, noClient)
      Object.assign(user.variables, variables)
      return written.write(user)
    })
    return {
      route,
      method,
      fixed,
      ...(check?.status === undefined ? {} : { expectStatus: { check: check.index, status: check.status } }),
    }
  } catch {
    // A value that cannot be written is the failure of the users who draw it.
    return undefined
  }
}

interface Choices {
  readonly order: 'in-turn' | 'random'
  readonly count: number
  readonly at: (index: number) => unknown
}

function choicesOf(value: Value): Choices | undefined {
  if (typeof value === 'function') return undefined
  if (!isFeeder(value)) return { order: 'in-turn', count: 1, at: () => value }
  const { source, order } = value
  if (order === 'once') return undefined
  if (source.kind === 'list') return { order, count: source.values.length, at: index => source.values[index] }
  if (source.kind === 'range') return { order, count: source.count, at: index => source.from + index * source.step }
  return undefined
}

/** Values in turn go together, row by row, as users would draw them; random ones are independent of each other. */
function combinations(drawn: readonly Named<Choices>[]): Record<string, unknown>[] | undefined {
  const inTurn = drawn.filter(([, { order }]) => order === 'in-turn')
  const random = drawn.filter(([, { order }]) => order === 'random')
  let turns = 1
  for (const [, { count }] of inTurn) {
    turns = leastCommonMultiple(turns, count)
    if (turns > MAX_TEXTS) return undefined
  }
  const total = random.reduce((product, [, { count }]) => product * count, turns)
  if (total > MAX_TEXTS) return undefined
  return Array.from({ length: total }, (_, index) => {
    const variables: Record<string, unknown> = {}
    for (const [name, { count, at }] of inTurn) variables[name] = at((index % turns) % count)
    let rest = Math.floor(index / turns)
    for (const [name, { count, at }] of random) {
      variables[name] = at(rest % count)
      rest = Math.floor(rest / count)
    }
    return variables
  })
}

function leastCommonMultiple(a: number, b: number): number {
  let [x, y] = [a, b]
  while (y !== 0) [x, y] = [y, x % y]
  return (a / x) * b
}

function noClient(): never {
  throw new Error('a request without a user asks for nothing')
}
