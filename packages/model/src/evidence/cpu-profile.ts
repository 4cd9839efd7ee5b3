/** Where the main thread's CPU went, folded from a V8 sampling profile; own code is named apart from dependencies and runtime. */
import type { RouteName } from '../place.ts'

export interface CpuProfileEvidence {
  readonly schema: 'cpu-profile@1'
  readonly profiles: readonly CpuProfile[]
}
export interface CpuProfile {
  readonly pid: number
  readonly durationMs: number
  readonly samples: number
  /** Samples that were not idle and not the profiler. */
  readonly busySamples: number
  /** Requests served while it ran, for milliseconds per request. */
  readonly requests: number
  /** Node 0 is the root. */
  readonly nodes: readonly ProfileNode[]
}
export interface ProfileNode {
  readonly id: number
  readonly parentId?: number
  readonly function: string
  readonly file: string
  readonly line: number
  readonly column: number
  readonly owner: 'application' | 'dependency' | 'runtime' | 'idle'
  /** Package name for dependencies. */
  readonly package?: string
  /** Samples in which this node was on top. */
  readonly selfSamples: number
  /** Hottest lines of the function, when V8 gave them. */
  readonly lines?: readonly (readonly [line: number, samples: number])[]
  readonly routes?: readonly RouteName[]
}
