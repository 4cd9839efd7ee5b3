/** CPU time of contenders, one after the other in every round, so that a busy machine slows them alike. */
import { median } from '@whetstone/stats'

export interface Contender {
  readonly name: string
  /** Of one turn. */
  readonly operations: number
  run(): Promise<void> | void
}

export interface InTurns {
  readonly rounds: number
  /** Nanoseconds of CPU an operation, the median of the rounds. */
  readonly costNs: Readonly<Record<string, number>>
  /** The first contender's operations per CPU second over each other's: the median of the ratios within a round. */
  readonly ratio: Readonly<Record<string, number>>
  /** The smallest and the largest of those ratios. */
  readonly spread: Readonly<Record<string, readonly [number, number]>>
}

export async function inTurns(contenders: readonly Contender[], rounds: number): Promise<InTurns> {
  const costs = new Map<string, number[]>(contenders.map(({ name }) => [name, []]))
  for (let round = -1; round < rounds; round++) {
    const order = round % 2 === 0 ? contenders : contenders.toReversed()
    for (const contender of order) {
      const costNs = await turnNs(contender)
      // The first round warms up.
      if (round >= 0) costs.get(contender.name)!.push(costNs)
    }
  }
  const ours = costs.get(contenders[0]!.name)!
  const ratios = contenders
    .slice(1)
    .map(({ name }) => [name, costs.get(name)!.map((cost, at) => cost / ours[at]!)] as const)
  return {
    rounds,
    costNs: Object.fromEntries(Array.from(costs, ([name, values]) => [name, Math.round(median(values))])),
    ratio: Object.fromEntries(ratios.map(([name, values]) => [name, rounded(median(values))])),
    spread: Object.fromEntries(
      ratios.map(([name, values]) => [name, [rounded(Math.min(...values)), rounded(Math.max(...values))]]),
    ),
  }
}

async function turnNs({ operations, run }: Contender): Promise<number> {
  const before = process.cpuUsage()
  await run()
  const { user, system } = process.cpuUsage(before)
  // Where the system counts in steps, a short turn may seem to have cost nothing.
  return (Math.max(1, user + system) * 1_000) / operations
}

const rounded = (ratio: number) => Number(ratio.toPrecision(3))
