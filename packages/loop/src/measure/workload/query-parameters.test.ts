/** Query strings drawn from described parameters. */
import type { DescribedParameter } from '@whetstone/load/import'
import { seededRandom } from '@whetstone/stats'
import { describe, expect, it } from 'vitest'
import { queryDrawer, totalOfList } from './query-parameters.ts'

const parameter = (name: string, more: Partial<DescribedParameter> = {}): DescribedParameter => ({
  name,
  in: 'query',
  required: false,
  values: [],
  ...more,
})
const draws = (parameters: DescribedParameter[], total?: number): string[] => {
  const drawer = queryDrawer(parameters, total, seededRandom(2))
  if ('missing' in drawer) return [`missing ${drawer.missing}`]
  return [...new Set(Array.from({ length: 300 }, () => drawer.draw()))].sort()
}

describe('queryDrawer', () => {
  it.each<[string, DescribedParameter[], number | undefined, string[]]>([
    ['nothing described', [], undefined, ['']],
    ['an optional parameter without values', [parameter('q')], undefined, ['']],
    ['an enum', [parameter('sort', { values: ['name', 'price'] })], undefined, ['?sort=name', '?sort=price']],
    [
      'pages of a known total',
      [parameter('page'), parameter('limit', { values: ['50'] })],
      150,
      ['?page=1&limit=50', '?page=2&limit=50', '?page=3&limit=50'],
    ],
    ['pages counted from 0', [parameter('page', { minimum: 0, maximum: 1 })], 1000, ['?page=0', '?page=1']],
    [
      'offsets',
      [parameter('offset'), parameter('limit', { maximum: 10 })],
      30,
      ['?offset=0&limit=10', '?offset=10&limit=10', '?offset=20&limit=10'],
    ],
    [
      'a required range',
      [parameter('year', { required: true, minimum: 2024, maximum: 2026 })],
      undefined,
      ['?year=2024', '?year=2025', '?year=2026'],
    ],
    [
      'a required boolean',
      [parameter('open', { required: true, type: 'boolean' })],
      undefined,
      ['?open=false', '?open=true'],
    ],
    ['a required parameter without values', [parameter('q', { required: true })], undefined, ['missing q']],
    ['values that need escaping', [parameter('q', { values: ['a b&c'] })], undefined, ['?q=a+b%26c']],
  ])('%s', (_name, parameters, total, expected) => {
    expect(draws(parameters, total)).toEqual(expected)
  })
})

describe('totalOfList', () => {
  it.each<[string, string, Record<string, string>, number | undefined]>([
    ['a header', '[]', { 'x-total-count': '12' }, 12],
    ['a field', '{"items":[],"totalCount":7}', {}, 7],
    ['neither', '[]', {}, undefined],
  ])('%s', (_name, body, headers, expected) => {
    expect(totalOfList(body, headers)).toBe(expected)
  })
})
