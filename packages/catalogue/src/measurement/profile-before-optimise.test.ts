import { describe, expect, it } from 'vitest'
import { describePractice, outcomeOf } from '../derive/testing/describe-practice.ts'
import { own, profileOf, repeated, secondsOf } from '../derive/testing/profile.ts'
import { flameGraphs } from './flame-graphs.ts'
import { profileBeforeOptimise } from './profile-before-optimise.ts'

const busy = secondsOf(repeated(10, { eventLoopUtilisationFraction: 0.9 }))
const idle = secondsOf(repeated(10, {}))
const profile = profileOf([[1, undefined, own('render', 5), 400]])
const small = profileOf([[1, undefined, own('render', 5), 20]])

describePractice(profileBeforeOptimise, {
  silent: {
    'busy, and profiled': { runtime: busy, 'cpu-profile': profile },
    'busy, and not profiled': { runtime: busy },
    'busy, with a profile of a moment': { runtime: busy, 'cpu-profile': small },
    'hardly busy': { runtime: idle },
  },
  reports: {},
})
describePractice(flameGraphs, {
  silent: { 'a profile': { 'cpu-profile': profile }, 'a small one': { 'cpu-profile': small }, none: {} },
  reports: {},
})

describe('their rows of the coverage', () => {
  it('name what is on top of a profile', () => {
    expect(outcomeOf(profileBeforeOptimise, { runtime: busy, 'cpu-profile': profile })).toMatchObject({
      kind: 'pass',
      note: 'profiled under load with 400 samples of work: render on top with 100 %',
    })
    const nameless = profileOf([[1, undefined, own('(anonymous)', 5), 400]])
    expect(outcomeOf(profileBeforeOptimise, { runtime: busy, 'cpu-profile': nameless })).toMatchObject({
      note: expect.stringMatching(/samples of work: the function at \S+\.[jt]s:5 on top with 100 %$/),
    })
    expect(outcomeOf(flameGraphs, { 'cpu-profile': profile })).toMatchObject({
      kind: 'pass',
      note: '400 samples of work over 10.0 s, drawn in the report: whetstone report --open',
    })
  })

  it.each([
    ['a busy loop without one', { runtime: busy }],
    ['a busy loop and a profile of a moment', { runtime: busy, 'cpu-profile': small }],
    ['a loop that answered nobody', { runtime: secondsOf(repeated(3, { requests: 0 })) }],
  ])('say what to type for %s', (_, evidence) => {
    expect(outcomeOf(profileBeforeOptimise, evidence)).toMatchObject({
      kind: 'unknown',
      give: expect.stringContaining('whetstone diagnose'),
    })
  })

  it('need no profile where the time is spent elsewhere, and draw none of an idle process', () => {
    expect(outcomeOf(profileBeforeOptimise, { runtime: idle })).toMatchObject({
      kind: 'pass',
      note: 'its event loop is 20 % busy: the time is spent elsewhere',
    })
    expect(outcomeOf(flameGraphs, { 'cpu-profile': small }).kind).toBe('not-applicable')
    expect(outcomeOf(flameGraphs, {}).kind).toBe('unknown')
  })
})
