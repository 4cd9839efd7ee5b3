/** What the heap keeps: its size right after full collections, and which functions allocated what is still alive. */
import type { Frame } from '../place.ts'

export interface HeapProfileEvidence {
  readonly schema: 'heap-profile@1'
  readonly processes: readonly HeapProcess[]
}
export interface HeapProcess {
  readonly pid: number
  /** Where V8 gives up (`--max-old-space-size`). */
  readonly heapLimitBytes: number
  /** In the order of time; what lies between them ran at one load. */
  readonly collections: readonly HeapCollection[]
  /** Empty unless the heap was sampled; those that keep most first. */
  readonly sites: readonly HeapSite[]
}
/** A full collection that was asked for. */
export interface HeapCollection {
  readonly atMs: number
  /** Objects and what they hold outside of the heap (buffers), right after it. */
  readonly keptBytes: number
  readonly pauseMs: number
  /** Requests this process had answered by then. */
  readonly requests: number
}
/** Sampled allocations that outlived the collections, by the function of the service that made them. */
export interface HeapSite {
  /** The function where it begins: V8 samples allocations by function, not by line. */
  readonly frame: Frame
  /** The dependency in which it was allocated, when it was not in own code. */
  readonly package?: string
  /** Alive at the first and at the last look. */
  readonly firstBytes: number
  readonly lastBytes: number
}
