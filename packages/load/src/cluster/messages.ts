/** What workers tell the controller of a run, and what it tells them. */
import type { LoadInterval, LoadStep } from '@whetstone/model'
import type { LiveInterval, LoadResult } from '../engine/live.ts'
import type { LoadPlan } from '../plan.ts'
import type { Failure } from './protocol.ts'

export type WorkerMessage =
  /** `index`: the share it would like, as an Indexed Job gives it. */
  | { readonly kind: 'join'; readonly index?: number }
  /** I live; also how both learn the other's clock. */
  | { readonly kind: 'beat' }
  | { readonly kind: 'live'; readonly interval: LiveInterval }
  /** A whole second, and everything up to its end without the intervals: what remains of a worker that dies in the next. */
  | { readonly kind: 'second'; readonly second: LoadInterval; readonly soFar: LoadStep }
  | { readonly kind: 'done'; readonly result: LoadResult }
  /** It knows that this has come: the controller may go. */
  | { readonly kind: 'left' }
  | { readonly kind: 'failed'; readonly failure: Failure }
  /** Said by the controller's own process of a thread that ended. */
  | { readonly kind: 'gone'; readonly name: string; readonly why: string }

export interface ControlMessage {
  readonly kind: 'stop'
}

/** What a worker that joined is given. */
export type Assignment =
  | { readonly kind: 'share'; readonly plan: LoadPlan; readonly index: number; readonly of: number }
  /** There were enough already. */
  | { readonly kind: 'surplus' }

/** Names of values made once. */
export const assignmentOf = (worker: string): string => `assignment of ${worker}`
export const SETUP = 'setup'
/** On the controller's clock. */
export const START = 'start'
/** The barrier before it. */
export const READY = 'ready'

/** A scenario may read large files before it is ready. */
export const READY_TIMEOUT_MS = 120_000
