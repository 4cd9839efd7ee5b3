import { describe, expect, test } from 'vitest'
import type { JournalEntry } from './journal.ts'
import { Suspects } from './suspects.ts'

const entry = (key: string, sequence = 1): JournalEntry => ({ key, sequence, payload: undefined })
const many = (count: number) => Array.from({ length: count }, (_, index) => entry(`k${index}`))
const limits = { maxBatch: 8, firstPauseMs: 10, longestPauseMs: 80, maxTries: 3, random: () => 1 }

describe('suspects', () => {
  test('are found by halves, and left out of the batches from then on', () => {
    const suspects = new Suspects(limits)
    const batches = [8, 4, 2].map(size => {
      suspects.failed(many(size), 0)
      return suspects.batch
    })
    expect(batches).toEqual([4, 2, 1])
    suspects.failed([entry('bad')], 0)
    expect(suspects.keys).toEqual(['bad'])
    suspects.accepted([entry('good')])
    suspects.accepted([entry('good'), entry('too')])
    expect(suspects.batch).toBe(4)
  })

  test('are set aside when the origin took others between their failures', () => {
    const suspects = new Suspects(limits)
    const tries = [0, 1, 2].map(() => {
      const verdict = suspects.failed([entry('bad')], 0)
      suspects.accepted([entry('good')])
      return verdict.setAsideAfter
    })
    expect(tries).toEqual([undefined, undefined, 3])
  })

  test('are none while the origin takes nothing: it is left alone for ever longer', () => {
    const suspects = new Suspects(limits)
    const pauses = Array.from({ length: 20 }, (_, index) => suspects.failed([entry(`k${index % 2}`)], 0))
    expect(pauses.slice(0, 5).map(({ pauseMs }) => pauseMs)).toEqual([10, 20, 40, 80, 80])
    expect(pauses.every(({ setAsideAfter }) => setAsideAfter === undefined)).toBe(true)
    suspects.accepted([entry('k0')])
    expect(suspects.failed([entry('k1')], 0).setAsideAfter).toBeUndefined()
  })

  test('wait longer after each failure, and are tried when they are due', () => {
    const suspects = new Suspects(limits)
    suspects.failed([entry('bad')], 100)
    expect([suspects.dueKey(109), suspects.dueKey(110), suspects.nextDueMs()]).toEqual([undefined, 'bad', 110])
    suspects.failed([entry('bad')], 110)
    expect([suspects.dueKey(129), suspects.dueKey(130)]).toEqual([undefined, 'bad'])
    suspects.accepted([entry('bad')])
    expect([suspects.dueKey(Infinity), suspects.nextDueMs()]).toEqual([undefined, Infinity])
  })

  test('begin anew with a newer write of their key', () => {
    const suspects = new Suspects({ ...limits, maxTries: 2 })
    suspects.failed([entry('k', 1)], 0)
    suspects.accepted([entry('good')])
    expect(suspects.failed([entry('k', 2)], 0).setAsideAfter).toBeUndefined()
    suspects.accepted([entry('good')])
    expect(suspects.failed([entry('k', 2)], 0).setAsideAfter).toBe(2)
  })
})
