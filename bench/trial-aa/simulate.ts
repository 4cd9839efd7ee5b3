/** Blocks of a trial as a noisy machine would give them, from a seed, so that thousands of trials can be judged in seconds. */
import type { BlockMetric, TrialBlock } from '@whetstone/model'
import { pairOrders } from '@whetstone/loop'
import { normal, seededRandom, type Random } from '@whetstone/stats'

/** A machine: standard deviations are of the logarithm of a block's figure. */
export interface Machine {
  readonly name: string
  /** What a block does to all its figures alike. */
  readonly blockNoise: number
  /** How far the machine wanders from one block to the next. */
  readonly drift: number
  /** How often a block is disturbed and takes 30 to 100 % longer. */
  readonly outlierFraction: number
  /** How much slower the first block of a pair is. */
  readonly firstPenalty: number
}

/** From a quiet machine to one shared with other work; the drift and the outliers are those seen on shared runners. */
export const machines: readonly Machine[] = [
  { name: 'quiet', blockNoise: 0.02, drift: 0.005, outlierFraction: 0, firstPenalty: 0 },
  { name: 'usual', blockNoise: 0.04, drift: 0.03, outlierFraction: 0.04, firstPenalty: 0 },
  { name: 'noisy', blockNoise: 0.1, drift: 0.03, outlierFraction: 0.04, firstPenalty: 0 },
  { name: 'wandering', blockNoise: 0.04, drift: 0.12, outlierFraction: 0.04, firstPenalty: 0 },
  { name: 'order matters', blockNoise: 0.04, drift: 0.03, outlierFraction: 0.04, firstPenalty: 0.1 },
]

const ROUTES = [
  { route: 'GET /light', p50Ms: 4, p95Ms: 9 },
  { route: 'GET /middle', p50Ms: 12, p95Ms: 30 },
  { route: 'GET /heavy', p50Ms: 40, p95Ms: 95 },
] as const
/** A tail moves more than a middle. */
const P50_NOISE = 0.02
const P95_NOISE = 0.05

/** @param ratio what b takes over a; 1 makes it an A/A trial */
export function simulatedBlocks(machine: Machine, ratio: number, pairs: number, seed: number): TrialBlock[] {
  const random = seededRandom(seed)
  const blocks: TrialBlock[] = []
  let wandered = 0
  for (const [pair, order] of pairOrders(pairs, random).entries()) {
    for (const [place, arm] of order.entries()) {
      wandered += machine.drift * normal(random)
      const first = place === 0 ? machine.firstPenalty : 0
      const shift = wandered + first + machine.blockNoise * normal(random) + outlier(machine, random)
      const scale = Math.exp(shift) * (arm === 'b' ? ratio : 1)
      blocks.push({
        pair,
        arm,
        order: blocks.length,
        startedAt: new Date(0).toISOString(),
        requests: 500,
        errors: 0,
        metrics: ROUTES.flatMap(({ route, p50Ms, p95Ms }): BlockMetric[] => [
          { route, name: 'p50Ms', value: p50Ms * scale * Math.exp(P50_NOISE * normal(random)) },
          { route, name: 'p95Ms', value: p95Ms * scale * Math.exp(P95_NOISE * normal(random)) },
        ]),
        generator: 'healthy',
      })
    }
  }
  return blocks
}

function outlier({ outlierFraction }: Machine, random: Random): number {
  return random() < outlierFraction ? Math.log(1.3 + 0.7 * random()) : 0
}
