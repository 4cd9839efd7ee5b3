/** Runs a trial: fresh processes, random order inside each pair, one block at a time, and the judgement at the end. */
import type { BlockMetric, TrialBlock, TrialResult, Workload } from '@whetstone/model'
import { Histogram, randomInteger, seededRandom, type Random } from '@whetstone/stats'
import type { Arm, RunningArm } from './arm.ts'
import { blockMetrics, type BlockPhase, type MeasureBlock } from './block.ts'
import { cpuTimeMs } from './cpu-time.ts'
import { decide, type DecideOptions } from './decide.ts'
import { completePairs } from './pairs.ts'
import { peakMemoryBytes } from './peak-memory.ts'
import { pairOrders, type ArmKey, type PairOrder } from './schedule.ts'

export interface TrialOptions extends Omit<DecideOptions, 'weights'> {
  readonly arms: { readonly a: Arm; readonly b: Arm }
  readonly workload: Workload
  readonly measureBlock: MeasureBlock
  readonly ratePerSecond: number
  /** Draws the order of the arms and the requests; kept in the result so that the schedule can be repeated. */
  readonly seed: number
  /** Default 20: a verdict on several routes needs 14, and among 20 one disturbed block does not hide a change of a fifth. */
  readonly pairs?: number
  /** Measured part of a block; default 2 s. */
  readonly blockMs?: number
  /** Load before the measured part of each block; default 500 ms. */
  readonly warmUpMs?: number
  /** Pairs run anew where the load generator could not be trusted; default a quarter of `pairs`. */
  readonly extraPairs?: number
  readonly onProgress?: (progress: TrialProgress) => void
  readonly signal?: AbortSignal
}

export type TrialProgress = { readonly done: number; readonly planned: number } & (
  | { readonly kind: 'block-started'; readonly arm: ArmKey; readonly name: string; readonly pair: number }
  | { readonly kind: 'block-done'; readonly block: TrialBlock }
  | { readonly kind: 'pair-thrown-out'; readonly pair: number; readonly reason: string }
)

interface MeasuredBlock {
  readonly block: TrialBlock
  readonly response: Histogram
  /** Why the generator cannot be trusted in it. */
  readonly invalid: string | undefined
}

const defaultTrial = { pairs: 20, blockMs: 2_000, warmUpMs: 500 } as const

/**
 * Rejects with what starting an arm threw, or the reason of `signal`; the running service is stopped first, and blocks
 * already measured have been handed to `onProgress`.
 */
export async function runTrial(options: TrialOptions): Promise<TrialResult> {
  const began = performance.now()
  const measured = await runPairs(options, seededRandom(options.seed))
  const blocks = withCounts(
    measured.map(({ block }) => block),
    await countedQueries(options),
  )
  const weights = new Map(options.workload.routes.map(({ route, weight }) => [route, weight]))
  return {
    schema: 'trial@1',
    armA: options.arms.a.name,
    armB: options.arms.b.name,
    blockMs: options.blockMs ?? defaultTrial.blockMs,
    warmUpMs: options.warmUpMs ?? defaultTrial.warmUpMs,
    ratePerSecond: options.ratePerSecond,
    seed: options.seed,
    ...decide(blocks, { ...options, weights }),
    blocks,
    histograms: { a: responsesOf(measured, 'a').toJSON(), b: responsesOf(measured, 'b').toJSON() },
    thrownOut: blocks.filter(block => block.thrownOut !== undefined).length,
    durationMs: performance.now() - began,
  }
}

async function runPairs(options: TrialOptions, random: Random): Promise<MeasuredBlock[]> {
  const wanted = options.pairs ?? defaultTrial.pairs
  let extraPairs = options.extraPairs ?? Math.ceil(wanted / 4)
  const orders = pairOrders(wanted, random)
  const measured: MeasuredBlock[] = []
  for (let pair = 0; pair < orders.length; pair++) {
    const planned = 2 * orders.length
    const halves = await runPair(options, { pair, order: orders[pair]!, seed: randomInteger(random, 2 ** 31), planned })
    const reason = halves.find(({ invalid }) => invalid !== undefined)?.invalid
    measured.push(...(reason === undefined ? halves : halves.map(half => thrownOut(half, reason))))
    if (reason === undefined) continue
    if (extraPairs-- > 0) orders.push(...pairOrders(1, random))
    options.onProgress?.({ kind: 'pair-thrown-out', pair, reason, done: measured.length, planned: 2 * orders.length })
  }
  return measured
}

interface PairPlan {
  readonly pair: number
  readonly order: PairOrder
  readonly seed: number
  readonly planned: number
}

async function runPair(options: TrialOptions, { pair, order, seed, planned }: PairPlan): Promise<MeasuredBlock[]> {
  const halves: MeasuredBlock[] = []
  for (const arm of order) {
    const done = 2 * pair + halves.length
    const name = options.arms[arm].name
    options.onProgress?.({ kind: 'block-started', arm, name, pair, done, planned })
    const half = await runBlock(options, {
      arm,
      pair,
      order: done,
      seed,
      workload: options.workload,
      warmUpMs: options.warmUpMs ?? defaultTrial.warmUpMs,
      blockMs: options.blockMs ?? defaultTrial.blockMs,
      ratePerSecond: options.ratePerSecond,
      ...(options.signal ? { signal: options.signal } : {}),
    })
    halves.push(half)
    options.onProgress?.({ kind: 'block-done', block: half.block, done: done + 1, planned })
  }
  return halves
}

async function runBlock(options: TrialOptions, phase: BlockPhase): Promise<MeasuredBlock> {
  phase.signal?.throwIfAborted()
  const running = await options.arms[phase.arm].start(phase.signal)
  try {
    const cpuBeforeMs = await cpuOf(running)
    const { load, warmUpRequests = 0, metrics = [] } = await options.measureBlock(running.baseUrl, phase)
    const cpu = cpuMetrics(cpuBeforeMs, await cpuOf(running), load.sent + warmUpRequests)
    const peakBytes = running.pid === undefined ? undefined : peakMemoryBytes(running.pid)
    const memory: BlockMetric[] =
      peakBytes === undefined ? [] : [{ route: 'overall', name: 'residentBytes', value: peakBytes }]
    const { verdict, reasons } = load.generator
    const block: TrialBlock = {
      pair: phase.pair,
      arm: phase.arm,
      order: phase.order,
      startedAt: load.startedAt,
      ...(running.pid === undefined ? {} : { pid: running.pid }),
      requests: load.sent,
      errors: load.errors,
      metrics: [...blockMetrics(load), ...cpu, ...memory, ...metrics],
      generator: verdict,
    }
    const invalid = verdict === 'invalid' ? reasons.join('; ') : undefined
    return { block, response: Histogram.fromJSON(load.overall.response), invalid }
  } finally {
    await running.stop()
  }
}

type Counts = Readonly<Record<ArmKey, readonly BlockMetric[]>>

/** Nothing where an arm cannot be counted: a trial is about time first. */
async function countedQueries({ arms, workload, signal }: TrialOptions): Promise<Counts> {
  const count = async (arm: Arm): Promise<readonly BlockMetric[]> => {
    signal?.throwIfAborted()
    const counted = (await arm.countQueries?.(workload, signal).catch(() => [])) ?? []
    signal?.throwIfAborted()
    return counted
  }
  const [a, b] = [await count(arms.a), await count(arms.b)]
  const asks = new Set([...a, ...b].filter(({ value }) => value > 0).map(({ route }) => route))
  const ofThose = (metrics: readonly BlockMetric[]) => metrics.filter(({ route }) => asks.has(route))
  return { a: ofThose(a), b: ofThose(b) }
}

/** Counted once, so they are of one pair: the first that stands. */
function withCounts(blocks: readonly TrialBlock[], counts: Counts): TrialBlock[] {
  const pair = completePairs(blocks)[0]?.a.pair
  return blocks.map(block =>
    block.pair === pair ? { ...block, metrics: [...block.metrics, ...counts[block.arm]] } : block,
  )
}

async function cpuOf({ pid }: RunningArm): Promise<number | undefined> {
  return pid === undefined ? undefined : cpuTimeMs(pid)
}

function cpuMetrics(beforeMs: number | undefined, afterMs: number | undefined, requests: number): BlockMetric[] {
  if (beforeMs === undefined || afterMs === undefined || requests === 0) return []
  return [{ route: 'overall', name: 'cpuMsPerRequest', value: (afterMs - beforeMs) / requests }]
}

function thrownOut(half: MeasuredBlock, reason: string): MeasuredBlock {
  return { ...half, block: { ...half.block, thrownOut: reason } }
}

function responsesOf(measured: readonly MeasuredBlock[], arm: ArmKey): Histogram {
  const all = new Histogram()
  for (const { block, response } of measured) {
    if (block.arm === arm && block.thrownOut === undefined) all.merge(response)
  }
  return all
}
