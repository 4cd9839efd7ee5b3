/** Whether there is a measurement from before the change that is being made: without one nothing can be said of it afterwards. */
import { ask, definePractice, type EarlierRun, type HistoryEvidence, pass, unknown } from '@whetstone/model'
import { ageMs, dayOf, daysText } from '../derive/earlier-tests.ts'
import { countText, fact } from '../derive/figures.ts'

export const measureFirst = definePractice({
  id: 'measure-first',
  chapter: 'measurement',
  title: 'Measure before changing (start of the cycle)',
  why: 'What was not measured before a change cannot be compared after it: then a feeling decides whether it helped.',
  unless: ['The change is for another reason than speed, and no hot path is touched.'],
  sources: [
    'https://www.brendangregg.com/methodology.html',
    'https://sre.google/sre-book/monitoring-distributed-systems/',
  ],
  needs: ['history'],
  optional: ['load-curve'],
  thresholds: {
    oldestMs: {
      value: 604_800_000,
      unit: 'ms',
      source: 'seven days: an older figure is of other data, another machine or another version',
    },
  },
  remedy: {
    summary: 'Measure the commit that is there before it is changed, and again afterwards.',
    library: 'whetstone diagnose',
    example: {
      language: 'ts',
      before: `// change, deploy, and look whether it feels faster`,
      after: `// whetstone diagnose -- node server.js; change; whetstone diagnose -- node server.js`,
    },
  },
  detect({ history, 'load-curve': thisRun }, { oldestMs }) {
    const { git, earlier } = history
    const facts = [fact('earlier runs', earlier.length, 'count', 'history')]
    if (git && !git.dirty)
      return pass(facts, `measured at commit ${short(git.commit)} without changes: what comes next has a baseline`)
    const give = 'git stash; whetstone diagnose -- <command>; git stash pop'
    const before = earlier.findLast(run => isBefore(run, git))
    if (!before && !git)
      return ask(
        'Is this service as it was before the change you have in mind? Then this first run is its baseline.',
        facts,
      )
    if (!before)
      return unknown(
        ['history'],
        `files differ from commit ${short(git?.commit ?? '')}, and it was not measured without them`,
        give,
      )
    const age = ageMs(before.startedAt, thisRun)
    if (age > oldestMs)
      return unknown(
        ['history'],
        `the last measurement from before is ${daysText(age)} old`,
        git ? give : 'measure again',
      )
    return pass(
      [...facts, fact('age of the baseline', age, 'ms', 'history')],
      `measured before the change on ${dayOf(before.startedAt)}, of ${countText(earlier.length)} earlier ${earlier.length === 1 ? 'run' : 'runs'}`,
    )
  },
})

/** Outside of a repository every earlier run may be one from before. */
function isBefore(run: EarlierRun, git: HistoryEvidence['git']): boolean {
  return git === undefined || (run.git !== undefined && !run.git.dirty)
}

const short = (commit: string): string => commit.slice(0, 7)
