/** What the load process and its parent say to each other over the IPC channel. */
import type { LoadInterval } from '@whetstone/model'
import type { LiveInterval, LoadResult } from '../engine/live.ts'
import type { LoadPlan } from '../plan.ts'

export type ToLoadProcess =
  /** `seconds`: whether each second of the measured part is wanted while it runs. `threads`: how many share the load. */
  | { readonly kind: 'run'; readonly plan: LoadPlan; readonly seconds: boolean; readonly threads: number }
  | { readonly kind: 'stop' }
  /** Stop for a broken limit. */
  | { readonly kind: 'breach' }

export type FromLoadProcess =
  /** It hears a stop from now on. */
  | { readonly kind: 'begun' }
  /** Before the teardown of the scenario. */
  | { readonly kind: 'measured'; readonly result: LoadResult }
  | { readonly kind: 'interval'; readonly interval: LiveInterval }
  | { readonly kind: 'second'; readonly second: LoadInterval }
  | { readonly kind: 'result'; readonly result: LoadResult }
  | {
      readonly kind: 'failed'
      readonly code: `WHET_${string}`
      readonly message: string
      readonly hint: string | undefined
    }
