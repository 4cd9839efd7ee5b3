/** Which routes are worth more than their traffic, and what waiting costs: no machine knows, and it decides what comes first. */
import { type AnswersEvidence, ask, definePractice, type Fact, type LoadStep, pass } from '@whetstone/model'
import { countText, fact, msText, rounded } from '../derive/figures.ts'
import { measuredStep } from '../derive/load.ts'

export const businessImpact = definePractice({
  id: 'business-impact',
  chapter: 'foundations',
  title: 'Tie performance to user and business impact',
  why: 'A second in the checkout costs more than ten in a nightly export; who optimises by milliseconds alone makes the wrong thing fast.',
  unless: ['All routes serve the same people for the same purpose.'],
  sources: [
    'https://web.dev/case-studies/milliseconds-make-millions',
    'https://sre.google/workbook/implementing-slos/',
    'https://www.thinkwithgoogle.com/marketing-strategies/app-and-mobile/mobile-page-speed-new-industry-benchmarks/',
  ],
  needs: [],
  optional: ['answers', 'load-curve'],
  thresholds: {},
  remedy: {
    summary: 'Say what a route is worth and what a second costs; findings are then ordered by it.',
    library: 'whetstone.config.ts',
    example: {
      language: 'ts',
      before: `// POST /pay and GET /robots.txt weigh as much as they are asked for`,
      after: `// whetstone.config.ts
import { defineConfig } from 'whetstone'
export default defineConfig({
  answers: { routes: { 'POST /pay': { weight: 10 } }, costOfASecond: 0.02 },
})`,
    },
  },
  detect({ answers, 'load-curve': curve }) {
    const step = curve && measuredStep(curve)
    if (!answers || (answers.routes.length === 0 && answers.costOfASecond === undefined))
      return ask('Which routes earn money, and what does a second of waiting cost? (whetstone.config.ts: answers)')
    const heaviest = answers.routes.toSorted((a, b) => b.weight - a.weight)
    const notes = [
      ...heaviest.slice(0, 3).map(({ route, weight }) => `${route} counts ${rounded(weight, 3)} times`),
      ...costNotes(answers, step),
    ]
    return pass(factsOf(answers), notes.join('; '))
  },
})

function factsOf({ routes }: AnswersEvidence): readonly Fact[] {
  return [fact('routes with a weight of their own', routes.length, 'count', 'answers')]
}

/** All that users waited in the measured step, by what a second of it costs. */
function costNotes({ costOfASecond }: AnswersEvidence, step: LoadStep | undefined): readonly string[] {
  if (costOfASecond === undefined) return []
  const { count, sum } = step?.overall.response ?? { count: 0, sum: 0 }
  if (count === 0) return [`a second costs ${rounded(costOfASecond, 3)}`]
  const meanMs = sum / count / 1_000
  const perThousand = meanMs * costOfASecond
  return [
    `a wait of ${msText(meanMs)} on average at ${rounded(costOfASecond, 3)} a second is ${rounded(perThousand, 3)} per ${countText(1_000)} requests`,
  ]
}
