/** What fails a run beside its limits. */
import type { CheckCount, LoadStep } from '@whetstone/model'
import { describe, expect, it } from 'vitest'
import { failuresOf } from './failures.ts'

const step = (statusCounts: Readonly<Record<string, number>>, checks: readonly CheckCount[] = []) =>
  ({ routes: [{ route: 'GET /gone', statusCounts }], checks }) as unknown as LoadStep
const check = (name: string, passes: number, fails: number): CheckCount => ({ name, route: 'GET /gone', passes, fails })
const failures = (steps: readonly LoadStep[], checksMayFail = false) => failuresOf(steps, { checksMayFail })

describe('a route', () => {
  it.each<[string, readonly LoadStep[], readonly string[]]>([
    ['refused every request', [step({ 404: 236 })], ['GET /gone answered 404 to all 236 requests']],
    [
      'refused in each of two steps',
      [step({ 404: 2 }), step({ 401: 3 })],
      ['GET /gone answered 401 or 404 to all 5 requests'],
    ],
    ['answered well in one of them', [step({ 404: 2 }), step({ 200: 3 })], []],
    ['refused as it was expected to', [step({ 404: 9 }, [check('status is 404', 9, 0)])], []],
    ['never answered', [step({})], []],
    ['failed by itself', [step({ 503: 9 })], []],
  ])('%s', (_, steps, expected) => {
    expect(failures(steps)).toEqual(expected)
  })
})

describe('checks', () => {
  it.each<[string, readonly CheckCount[], readonly string[], readonly string[]]>([
    ['held all', [check('a', 100, 0)], [], []],
    [
      'two never held',
      [check('a', 0, 9), check('b', 0, 9), check('c', 9, 0)],
      ['2 checks failed'],
      ['2 checks failed'],
    ],
    ['one of them hardly ever failed', [check('a', 999, 1), check('b', 1_000, 0)], [], []],
    ['one failed more than now and then', [check('a', 90, 10), check('b', 100, 0)], ['the check "a" failed'], []],
  ])('%s', (_, checks, expected, whereTheyMayFail) => {
    expect(failures([step({ 200: 100 }, checks)])).toEqual(expected)
    expect(failures([step({ 200: 100 }, checks)], true)).toEqual(whereTheyMayFail)
  })
})
