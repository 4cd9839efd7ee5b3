import { describe, expect, it } from 'vitest'
import { describePractice, outcomeOf } from '../derive/testing/describe-practice.ts'
import { earlierRun, history, thisRun } from '../derive/testing/earlier.ts'
import { measureFirst } from './measure-first.ts'

const commit = (name: string, dirty: boolean) => ({ git: { commit: name.repeat(40), dirty } })
const changed = (...earlier: Parameters<typeof earlierRun>[1][]) => ({
  ...history({ ...commit('b', true), earlier: earlier.map(more => earlierRun(40, more)) }),
  'load-curve': thisRun,
})

describePractice(measureFirst, {
  silent: {
    'the first run, outside of a repository': history(),
    'a clean commit': history(commit('a', false)),
    'a change without a baseline': changed(),
    'a change with one': changed(commit('b', false)),
    'a change with an old one': changed({ ...commit('b', false), startedAt: '2026-10-01T09:00:00.000Z' }),
  },
  reports: {},
})

describe('its row of the coverage', () => {
  it.each([
    ['a change without a baseline', changed(), 'git stash; whetstone diagnose -- <command>; git stash pop'],
    [
      'runs of the change itself only',
      changed(commit('b', true), {}),
      'git stash; whetstone diagnose -- <command>; git stash pop',
    ],
    [
      'a baseline of last month',
      changed({ ...commit('b', false), startedAt: '2026-10-01T09:00:00.000Z' }),
      'git stash; whetstone diagnose -- <command>; git stash pop',
    ],
  ])('says what to type after %s', (_, evidence, give) => {
    expect(outcomeOf(measureFirst, evidence)).toMatchObject({ kind: 'unknown', give })
  })

  it('asks at the first run outside of a repository', () => {
    expect(outcomeOf(measureFirst, history())).toMatchObject({ kind: 'ask' })
  })

  it('passes where the commit was measured, before the change or now', () => {
    expect(outcomeOf(measureFirst, changed(commit('a', false), commit('b', true)))).toMatchObject({
      kind: 'pass',
      note: 'measured before the change on 2026-11-20, of 2 earlier runs',
    })
    expect(outcomeOf(measureFirst, history(commit('a', false)))).toMatchObject({
      kind: 'pass',
      note: 'measured at commit aaaaaaa without changes: what comes next has a baseline',
    })
    expect(outcomeOf(measureFirst, history({ earlier: [earlierRun(40)] }))).toMatchObject({ kind: 'pass' })
  })
})
