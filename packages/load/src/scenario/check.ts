/** What an answer must be: conditions with a name, each counted by itself. */
import { isDeepStrictEqual } from 'node:util'
import { durationMs } from '@whetstone/model'
import type { ReadableAnswer, Reading } from './answer/reading.ts'
import type { JsonPath } from './answer/json-path.ts'
import { parseJsonPath, valueAtPath } from './answer/json-path.ts'
import { scanSteps, UNSURE } from './answer/json-scan.ts'
import type { Expectations, ScenarioUser } from './definition.ts'
import { checkKeys } from './known-keys.ts'
import type { Site } from './site.ts'
import { scenarioError } from './site.ts'

/** Of a body or of a header's value. */
export type Condition =
  | { readonly kind: 'contains'; readonly text: string }
  | { readonly kind: 'matches'; readonly pattern: RegExp }
  | { readonly kind: 'json'; readonly path: string; readonly holds: unknown }

/** A condition under a name of the author's choice. */
export interface Check {
  readonly name: string
  readonly holds: Condition | ((answer: ReadableAnswer, user: ScenarioUser) => boolean)
}

/** The text occurs in the body or the header's value. */
export function contains(text: string): Condition {
  return { kind: 'contains', text }
}

export function matches(pattern: RegExp): Condition {
  return { kind: 'matches', pattern }
}

/**
 * The body is JSON and `holds` says yes to it, or to the value at `path`, which `holds` may also simply equal:
 * `json(items => items.length > 0)`, `json('$.total', 3)`, `json('$.items[0].price', price => price > 0)`.
 */
export function json(holds: (value: never) => boolean): Condition
export function json(path: string, holds: unknown): Condition
export function json(...given: [unknown] | [string, unknown]): Condition {
  return given.length === 1
    ? { kind: 'json', path: '$', holds: given[0] }
    : { kind: 'json', path: given[0], holds: given[1] }
}

/** Gives a condition a name of your own in the report. */
export function check(
  name: string,
  holds: Condition | ((answer: ReadableAnswer, user: ScenarioUser) => boolean),
): Check {
  return { name, holds }
}

export type Needs = 'none' | 'head' | 'body'

export interface CompiledCheck {
  readonly name: string
  readonly needs: Needs
  /** May throw, which counts as failed. */
  holds(answer: Reading, user: ScenarioUser): boolean
  /** Set when it only compares the status with this one: the fast path needs no more. */
  readonly status?: number
}

const EXPECT_KEYS = {
  status: true,
  body: true,
  header: true,
  below: true,
  checks: true,
  orStop: true,
} as const satisfies Record<keyof Expectations, true>

/** Throws `WHET_SCENARIO` for what cannot be checked. */
export function compileExpectations(expect: Expectations, site: Site | undefined): CompiledCheck[] {
  checkKeys('expect', expect, EXPECT_KEYS, site)
  const body = expect.body === undefined ? [] : 'kind' in expect.body ? [expect.body] : expect.body
  const all = [
    ...(expect.status === undefined ? [] : [statusCheck(expect.status, site)]),
    ...body.map(condition => ({ name: `body ${describedCondition(condition)}`, ...ofBody(condition, site) })),
    ...Object.entries(expect.header ?? {}).map(([name, wanted]) => ofHeader(name, wanted, site)),
    ...(expect.below === undefined ? [] : [belowCheck(expect.below, site)]),
    ...(expect.checks ?? []).map(({ name, holds }): CompiledCheck => {
      if (typeof holds !== 'function') return { name, ...ofBody(holds, site) }
      return { name, needs: 'body', holds: (answer, user) => holds(answer, user) }
    }),
  ]
  const twice = all.find(({ name }, index) => all.findIndex(other => other.name === name) !== index)
  if (twice) throw scenarioError(site, `two checks of one step are called ${JSON.stringify(twice.name)}`)
  return all
}

function statusCheck(wanted: NonNullable<Expectations['status']>, site: Site | undefined): CompiledCheck {
  if (typeof wanted === 'string') {
    const hundreds = Number(/^([1-5])xx$/.exec(wanted)?.[1])
    if (Number.isNaN(hundreds)) throw scenarioError(site, `status ${JSON.stringify(wanted)} is no class such as 2xx`)
    return { name: `status ${wanted}`, needs: 'none', holds: ({ status }) => Math.floor(status / 100) === hundreds }
  }
  const all = typeof wanted === 'number' ? [wanted] : wanted
  const wrong = all.find(status => !(Number.isInteger(status) && status >= 100 && status <= 599))
  if (all.length === 0 || wrong !== undefined) {
    throw scenarioError(site, `status ${wrong ?? 'in an empty list'} is not between 100 and 599`)
  }
  const only = all.length === 1 ? all[0]! : undefined
  return {
    name: `status ${all.join(' or ')}`,
    needs: 'none',
    holds: only === undefined ? ({ status }) => all.includes(status) : ({ status }) => status === only,
    ...(only === undefined ? {} : { status: only }),
  }
}

function belowCheck(below: string, site: Site | undefined): CompiledCheck {
  const limitMs = durationMs(below)
  if (limitMs === undefined) throw scenarioError(site, `below ${JSON.stringify(below)} is no time such as 300ms`)
  return { name: `below ${below}`, needs: 'none', holds: ({ serviceMs }) => serviceMs < limitMs }
}

function ofBody(condition: Condition, site: Site | undefined): Omit<CompiledCheck, 'name'> {
  switch (condition.kind) {
    case 'contains': {
      const wanted = Buffer.from(condition.text, 'utf8')
      return { needs: 'body', holds: answer => answer.bytes().includes(wanted) }
    }
    case 'matches': {
      const pattern = stateless(condition.pattern)
      return { needs: 'body', holds: answer => pattern.test(answer.text()) }
    }
    case 'json': {
      const { holds } = condition
      const read = jsonReader(condition.path, site)
      if (typeof holds === 'function') return { needs: 'body', holds: answer => holds(read(answer, 0)) === true }
      return { needs: 'body', holds: answer => isDeepStrictEqual(read(answer, 0), holds) }
    }
  }
}

function pathOf(path: string, site: Site | undefined): JsonPath {
  const steps = parseJsonPath(path)
  if (steps !== undefined) return steps
  throw scenarioError(site, `${JSON.stringify(path)} is not a path such as $.items[0].id`, {
    hint: 'filters, slices and .. are not read; take a function of the answer: answer => answer.json()…',
  })
}

function ofHeader(field: string, wanted: string | RegExp | Condition, site: Site | undefined): CompiledCheck {
  const holds = (name: string, test: (value: string) => boolean): CompiledCheck => ({
    name: `${field} ${name}`,
    needs: 'head',
    holds: answer => {
      const value = answer.header(field)
      return value !== undefined && test(value)
    },
  })
  if (typeof wanted === 'string') return holds(`is ${wanted}`, value => value === wanted)
  if (wanted instanceof RegExp) return ofHeader(field, matches(wanted), site)
  if (wanted.kind === 'contains') return holds(describedCondition(wanted), value => value.includes(wanted.text))
  if (wanted.kind === 'json') throw scenarioError(site, `json(…) is for bodies; ${field} is a header`)
  const pattern = stateless(wanted.pattern)
  return holds(describedCondition(wanted), value => pattern.test(value))
}

/** Reads one value of a JSON body, by scanning where that is enough. Throws `WHET_SCENARIO` for a path that is none. */
export function jsonReader(path: string, site: Site | undefined): (answer: Reading, draw: number) => unknown {
  const steps = pathOf(path, site)
  if (steps.length === 0) return answer => answer.json()
  const scannable = scanSteps(steps)
  if (scannable === undefined) return (answer, draw) => valueAtPath(answer.json(), steps, draw)
  return (answer, draw) => {
    const value = answer.scan(scannable)
    return value === UNSURE ? valueAtPath(answer.json(), steps, draw) : value
  }
}

/** For the name of a check. */
export function describedCondition(condition: Condition): string {
  switch (condition.kind) {
    case 'contains':
      return `contains ${condition.text}`
    case 'matches':
      return `matches ${String(condition.pattern)}`
    case 'json': {
      const { path, holds } = condition
      const what = path === '$' ? 'as JSON' : path
      return typeof holds === 'function' ? `${what} as expected` : `${what} is ${JSON.stringify(holds)}`
    }
  }
}

/** Of one message of a conversation, in the words of the wire. Throws `WHET_SCENARIO` for a path that is none. */
export function messageTest(
  condition: Condition,
  site: Site | undefined,
): { readonly text: string | RegExp } | { readonly json: (value: unknown) => boolean } {
  if (condition.kind === 'contains') return { text: condition.text }
  if (condition.kind === 'matches') return { text: stateless(condition.pattern) }
  const { holds } = condition
  const path = pathOf(condition.path, site)
  return {
    json: document => {
      const value = valueAtPath(document, path, 0)
      return typeof holds === 'function' ? holds(value) === true : isDeepStrictEqual(value, holds)
    },
  }
}

/** A pattern with the flag `g` or `y` would remember where it stopped in somebody else's answer. */
export function stateless(pattern: RegExp): RegExp {
  return new RegExp(pattern.source, pattern.flags.replaceAll(/[gy]/g, ''))
}
