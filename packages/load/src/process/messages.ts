/** What the load process and its parent say to each other over the IPC channel. */
import type { LiveInterval, LoadResult } from '../engine/live.ts'
import type { LoadPlan } from '../plan.ts'

export type ToLoadProcess = { readonly kind: 'run'; readonly plan: LoadPlan } | { readonly kind: 'stop' }

export type FromLoadProcess =
  | { readonly kind: 'interval'; readonly interval: LiveInterval }
  | { readonly kind: 'result'; readonly result: LoadResult }
  | {
      readonly kind: 'failed'
      readonly code: `WHET_${string}`
      readonly message: string
      readonly hint: string | undefined
    }
