/** Which requests need no user, and what is written out for them before the run. */
import { describe, expect, it } from 'vitest'
import { contains } from '../check.ts'
import { generate, list, range } from '../data/feeder.ts'
import { get } from '../define.ts'
import type { ScenarioDefinition, Step } from '../definition.ts'
import { status } from '../extract.ts'
import { compileSteps } from '../testing/steps.ts'

describe('the fast path', () => {
  const stateless = (steps: Step[], rest: Partial<ScenarioDefinition> = {}) =>
    compileSteps(steps, rest).flows[0]!.stateless

  it('takes a single request whose answer is not read beyond its status', () => {
    expect(stateless([get('/a', { headers: { host: 'shop' }, expect: { status: 200 } })])).toEqual({
      route: 0,
      method: 'GET',
      fixed: ['GET /a HTTP/1.1\r\nhost: shop\r\n\r\n'],
      expectStatus: { check: 0, status: 200 },
    })
  })

  it('writes few combinations out: values in turn together, random ones crosswise', () => {
    const paths = (data: ScenarioDefinition['data']) =>
      stateless([get('/{a}/{b}', { with: data! })])?.fixed.map(text => text.split(' ')[1])
    expect(paths({ a: list(['x', 'y']), b: range(1, 2) })).toEqual(['/x/1', '/y/2'])
    expect(paths({ a: list(['x', 'y'], { order: 'random' }), b: range(1, 2) })).toEqual([
      '/x/1',
      '/x/2',
      '/y/1',
      '/y/2',
    ])
    expect(paths({ a: range(1, 1_000), b: 'c' })).toHaveLength(1_000)
    expect(paths({ a: range(1, 1_001), b: 'c' })).toBeUndefined()
    expect(paths({ a: range(1, 40, { order: 'random' }), b: range(1, 40, { order: 'random' }) })).toBeUndefined()
  })

  it.each<[string, Step[], Partial<ScenarioDefinition>]>([
    ['two steps', [get('/'), get('/')], {}],
    ['a check of the body', [get('/', { expect: { body: contains('a') } })], {}],
    ['an extraction', [get('/', { extract: { a: status() } })], {}],
    ['two statuses', [get('/', { expect: { status: [200, 201] } })], {}],
    ['the number of the user', [get('/{arrival}')], {}],
    ['what setup gave', [get('/{shared.a}')], {}],
    ['a function of the user', [get('/{a}', { with: { a: () => 1 } })], {}],
    ['data that is used once', [get('/{a}')], { data: { a: list([1], { order: 'once' }) } }],
    ['a generator', [get('/{a}')], { data: { a: generate(() => 1) } }],
    ['a token', [get('/')], { auth: { token: () => 'a' } }],
  ])('leaves %s to a user', (_name, steps, rest) => {
    expect(stateless(steps, rest)).toBeUndefined()
  })
})
