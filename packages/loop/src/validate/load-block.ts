/** Measures one block with the load engine. */
import { loadTarget, type LoadPlan, type LoadResult, type RunOptions } from '@whetstone/load'
import type { BlockPhase, BlockResult, MeasureBlock } from './block.ts'

export interface LoadBlockOptions {
  /** `run` of the load engine, or `runInProcess` where starting a process for every block costs too much. */
  readonly runLoad: (plan: LoadPlan, options: RunOptions) => Promise<LoadResult>
  /** Default 64. */
  readonly maxConnections?: number
  /** Default 10 s. */
  readonly timeoutMs?: number
  readonly onInterval?: RunOptions['onInterval']
}

/** Throws the reason of `phase.signal` when the block was stopped early: half a block is no sample. */
export function loadBlock(options: LoadBlockOptions): MeasureBlock {
  return async (baseUrl: string, phase: BlockPhase): Promise<BlockResult> => {
    const { signal } = phase
    const plan: LoadPlan = {
      target: loadTarget(new URL(baseUrl)),
      routes: phase.workload.routes,
      ratePerSecond: phase.ratePerSecond,
      durationMs: phase.blockMs,
      warmUpMs: phase.warmUpMs,
      arrivals: 'poisson',
      seed: phase.seed,
      maxConnections: options.maxConnections ?? 64,
      timeoutMs: options.timeoutMs ?? 10_000,
    }
    const result = await options.runLoad(plan, {
      ...(signal ? { signal } : {}),
      ...(options.onInterval ? { onInterval: options.onInterval } : {}),
    })
    signal?.throwIfAborted()
    return { load: result.measure, warmUpRequests: result.warmUp?.sent ?? 0 }
  }
}
