/** Whether the last change was compared with what it replaced, and what came of it. */
import { ask, definePractice, type EarlierTrial, type Fact, pass, unknown } from '@whetstone/model'
import { dayOf } from '../derive/earlier-tests.ts'
import { countText, fact, percentText } from '../derive/figures.ts'

export const validateChange = definePractice({
  id: 'validate-change',
  chapter: 'measurement',
  title: 'Validate the effect of each change',
  why: 'Two runs of the same code differ; without turns, repeats and an interval half of what looks like a gain is the weather of the machine.',
  unless: ['The change is not about speed.'],
  sources: [
    'https://arxiv.org/abs/2003.00584',
    'https://dl.acm.org/doi/10.1145/1297027.1297033',
    'https://www.mongodb.com/company/blog/engineering/performance-testing-mongodb',
  ],
  needs: ['history'],
  thresholds: {
    pairs: {
      value: 14,
      unit: 'count',
      source: 'the exact paired test over several figures decides nothing with fewer',
    },
  },
  remedy: {
    summary: 'Compare the two versions in turns, in fresh processes, and keep only what is proved.',
    library: 'whetstone trial',
    example: {
      language: 'ts',
      before: `// 41 ms yesterday, 38 ms today: faster?`,
      after: `// whetstone trial --a 'node old.js' --b 'node new.js': p95 1.9 times better (1.7 to 2.1)`,
    },
  },
  detect({ history }, { pairs }) {
    const last = history.trials?.at(-1)
    if (!last) {
      const { trialPairs, guardSpreadFraction } = history.conditions
      if (trialPairs !== undefined && trialPairs >= pairs)
        return pass(
          [fact('interleaved pairs', trialPairs, 'count', 'history')],
          `compared in this run in ${countText(trialPairs)} pairs${guardSpreadFraction === undefined ? '' : `; the same code differed from itself by ${percentText(guardSpreadFraction)}`}`,
        )
      return unknown(
        ['history'],
        'no change was compared with what it replaced',
        "whetstone trial --a '<command before>' --b '<command after>'",
      )
    }
    const facts = factsOf(last)
    const again = `whetstone trial --pairs ${countText(Math.max(pairs, 40))} --a '<command before>' --b '<command after>'`
    if (last.tooNoisy || last.verdict === 'unclear')
      return unknown(
        ['history'],
        `the comparison of ${dayOf(last.startedAt)} decided nothing: ${last.tooNoisy ? 'the machine was too noisy' : 'its intervals reach to both sides'}`,
        again,
      )
    if (last.pairs < pairs)
      return unknown(
        ['history'],
        `the comparison of ${dayOf(last.startedAt)} had ${countText(last.pairs)} pairs only`,
        again,
      )
    if (last.verdict === 'worse')
      return ask(`The change compared on ${dayOf(last.startedAt)} made it slower. Was it taken back?`, facts)
    return pass(
      facts,
      `${last.verdict} in ${countText(last.pairs)} pairs on ${dayOf(last.startedAt)}${ratioText(last)}`,
    )
  },
})

function factsOf({ pairs, p95 }: EarlierTrial): readonly Fact[] {
  return [
    fact('interleaved pairs', pairs, 'count', 'history'),
    ...(p95
      ? [
          {
            label: 'p95 after ÷ before',
            quantity: { value: p95.estimate, low: p95.low, high: p95.high, unit: 'ratio' },
            evidence: { kind: 'history' },
          } as const,
        ]
      : []),
  ]
}

function ratioText({ p95 }: EarlierTrial): string {
  return p95 ? `: p95 ${digits(p95.estimate)} of what it was (${digits(p95.low)} to ${digits(p95.high)})` : ''
}

const digits = (value: number): string => String(Number(value.toPrecision(2)))
