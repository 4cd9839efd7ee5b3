import { describe, expect, it } from 'vitest'
import type { Trace } from '@whetstone/model'
import { draftOf, endOf, gapsOf, remove } from './replay.ts'
import { query, trace } from './testing/example-trace.ts'

describe('replaying a trace', () => {
  const series = trace(20, [query(2, 3), query(6, 4), query(12, 5)])

  it('ends where it ended when nothing is edited', () => {
    const concurrent = trace(20, [query(1, 9), query(1, 3), query(5, 10), query(11, 2, { poolWaitMs: 1 })])
    for (const one of [series, concurrent, trace(7, [])]) expect(endOf(draftOf(one))).toBeCloseTo(one.durationMs, 9)
  })

  it('keeps the gaps of the application when a step goes', () => {
    const draft = draftOf(series)
    remove(draft.steps[1]!)
    expect(endOf(draft)).toBe(16)
    expect(gapsOf(draft)).toBe(8)
  })

  it('gains nothing from a step that is not on the critical path', () => {
    const draft = draftOf(trace(12, [query(1, 10), query(1, 4)]))
    remove(draft.steps[0]!.endMs === 5 ? draft.steps[0]! : draft.steps[1]!)
    expect(endOf(draft)).toBe(12)
  })

  it('waits for the next longest when the longest goes', () => {
    const draft = draftOf(trace(12, [query(1, 4), query(1, 10)]))
    remove(draft.steps.find(({ endMs }) => endMs === 11)!)
    expect(endOf(draft)).toBe(6)
  })

  it('starts a group together, on as many lanes as there are', () => {
    const at = (lanes: number) => {
      const draft = draftOf(series)
      const group = { lanes }
      for (const step of draft.steps) step.group = group
      return endOf(draft)
    }
    // Starts at 2, works 3 + 4 + 5, tail of 3.
    expect([at(1), at(2), at(3)]).toEqual([17, 13, 10])
  })

  it('counts a wait for a connection as waiting, not as work', () => {
    const [step] = draftOf(trace(10, [query(5, 2, { poolWaitMs: 3 })])).steps
    expect(step).toMatchObject({ startMs: 2, waitMs: 3, durationMs: 2, endMs: 7 })
    const draft = draftOf(trace(10, [query(5, 2, { poolWaitMs: 3 })]))
    draft.steps[0]!.newWaitMs = 0
    expect(endOf(draft)).toBe(7)
  })

  it('looks at leaves only, and not behind the answer', () => {
    const nested: Trace = {
      ...trace(10, []),
      spans: [
        { ...query(0, 9), id: 1, kind: 'internal' },
        { ...query(2, 4), id: 2, parentId: 1 },
        { ...query(11, 4), id: 3 },
      ],
    }
    expect(draftOf(nested).steps.map(({ span }) => span.id)).toEqual([2])
  })
})
