/** Whether the changes that were proved lately were made where the time goes. */
import {
  ask,
  definePractice,
  type EarlierTrial,
  type Fact,
  type HistoryEvidence,
  notApplicable,
  pass,
  type TracesEvidence,
} from '@whetstone/model'
import { countText, fact, percentText } from '../derive/figures.ts'
import { readRoutes } from '../derive/routes.ts'
import { timeShares } from '../derive/time-shares.ts'

export const optimiseBiggestFirst = definePractice({
  id: 'optimise-biggest-first',
  chapter: 'measurement',
  title: 'Fix highest-impact first',
  why: 'Amdahl: what takes a twentieth of the time returns a twentieth at most, however well it is done.',
  unless: ['A small share is what one important customer waits for: say so with a weight for that route.'],
  sources: ['https://dl.acm.org/doi/10.1145/1465482.1465560', 'https://www.brendangregg.com/methodology.html'],
  needs: ['traces'],
  optional: ['history'],
  thresholds: {
    touchedFraction: { value: 0.05, unit: 'fraction', source: 'a twentieth of the time: less is not noticed by users' },
    changes: { value: 3, unit: 'count', source: 'one small change is a detail, three in a row are a direction' },
  },
  remedy: {
    summary: 'Take the finding on top of the list: they are ordered by what they return, weighted by traffic.',
    library: 'whetstone diagnose',
    example: {
      language: 'ts',
      before: `// a week for a route that carries 2 % of the time`,
      after: `// GET /orders carries 62 % of it, and the database four fifths of that: there first`,
    },
  },
  detect({ traces, history }, { touchedFraction, changes }) {
    const [route] = [...readRoutes(traces).values()].toSorted((a, b) => b.timeFraction - a.timeFraction)
    const [component] = timeShares(traces)
    if (!route || !component) return notApplicable('no request was traced')
    const biggest = `${route.route} carries ${percentText(route.timeFraction)} of the time, ${component.component} ${percentText(component.fraction)}`
    const facts: Fact[] = [
      fact(`time in ${route.route}`, route.timeFraction, 'fraction', 'traces'),
      fact(`time in ${component.component}`, component.fraction, 'fraction', 'traces'),
    ]
    const proved = provedChanges(history).slice(-changes)
    const touched = proved.map(trial => touchedBy(trial, traces))
    if (proved.length < changes || touched.some(share => share >= touchedFraction)) return pass(facts, biggest)
    return ask(
      `The last ${countText(changes)} changes that were proved are on routes with at most ${percentText(Math.max(...touched))} of the time, while ${biggest}. Is that meant?`,
      [...facts, ...touched.map(share => fact('time on what was changed', share, 'fraction', 'history'))],
    )
  },
})

/** What made no difference is proved too, but nobody knows where it was made. */
function provedChanges(history: HistoryEvidence | undefined): readonly EarlierTrial[] {
  return (history?.trials ?? []).filter(
    ({ verdict, tooNoisy, changed }) => !tooNoisy && verdict !== 'unclear' && changed.length > 0,
  )
}

/** Of all time as it was before the change: a route that became fast carries little of it now. */
function touchedBy({ changed }: EarlierTrial, traces: TracesEvidence): number {
  const routes = readRoutes(traces)
  const allMs = [...routes.values()].reduce((sum, { totalMs }) => sum + totalMs, 0)
  const [touchedMs, nowMs] = changed.reduce(
    ([before, now], { route, beforeMs }) => {
      const reading = routes.get(route)
      // Not asked for in this run: what it carries is not known, so it is held to be much.
      if (!reading) return [before + allMs, now]
      return [before + Math.max(reading.totalMs, reading.requests * beforeMs), now + reading.totalMs]
    },
    [0, 0],
  )
  return touchedMs / (allMs - nowMs + touchedMs)
}
