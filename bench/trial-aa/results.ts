/** One line a real trial, kept as soon as it ends, so that an hour of them can be stopped and taken up again. */
import { appendFile, mkdir, readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Interval, TrialResult } from '@whetstone/model'

export interface RealRun {
  readonly runId: string
  /** Runs of another design (server, rate, blocks) are not counted together. */
  readonly design: string
  readonly kind: 'same' | 'planted'
  readonly seed: number
  readonly verdict: TrialResult['verdict']
  readonly tooNoisy: boolean
  readonly spreadFraction: number
  readonly pairs: number
  readonly thrownOut: number
  readonly durationMs: number
  /** Process ids of the servers, in the order of the blocks. */
  readonly pids: readonly number[]
  /** Verdict on CPU per request alone, which gates nothing but says whether a miss is the machine's doing. */
  readonly cpuVerdict: TrialResult['verdict']
  readonly cpuRatio: readonly number[]
  /** Gated figures: b over a with its interval. */
  readonly ratios: readonly { readonly metric: string; readonly ratio: readonly number[]; readonly pAdjusted: number }[]
}

export async function readRuns(path: string, design: string): Promise<RealRun[]> {
  const text = await readFile(path, 'utf8').catch(() => '')
  return text
    .split('\n')
    .filter(Boolean)
    .map(line => JSON.parse(line) as RealRun)
    .filter(run => run.design === design)
}

export async function keepRun(path: string, run: RealRun): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  await appendFile(path, `${JSON.stringify(run)}\n`)
}

export function asRun(result: TrialResult, given: Pick<RealRun, 'runId' | 'design' | 'kind'>): RealRun {
  const cpu = result.metrics.find(({ name }) => name === 'cpuMsPerRequest')
  return {
    ...given,
    seed: result.seed,
    verdict: result.verdict,
    tooNoisy: result.guard.tooNoisy,
    spreadFraction: rounded(result.guard.spreadFraction),
    pairs: result.pairs,
    thrownOut: result.thrownOut,
    durationMs: Math.round(result.durationMs),
    pids: result.blocks.map(({ pid }) => pid ?? 0),
    cpuVerdict: cpu?.verdict ?? 'unclear',
    cpuRatio: cpu === undefined ? [] : endsOf(cpu.ratio),
    ratios: result.metrics
      .filter(({ gated, deterministic, name }) => gated && !deterministic && name !== 'errorFraction')
      .map(({ route, name, ratio, pAdjusted }) => ({
        metric: `${name} ${route}`,
        ratio: endsOf(ratio),
        pAdjusted: rounded(pAdjusted),
      })),
  }
}

function endsOf({ low, estimate, high }: Interval): number[] {
  return [low, estimate, high].map(rounded)
}

function rounded(value: number): number {
  return Number(value.toPrecision(4))
}
