/** What the loop tells its caller while it works; the command line turns it into lines, the tests ignore it. */
export type Progress =
  | { readonly kind: 'stage'; readonly stage: Stage; readonly detail: string }
  | { readonly kind: 'note'; readonly label: string; readonly detail: string }
  | { readonly kind: 'warning'; readonly text: string; readonly hint?: string }
  | {
      readonly kind: 'load'
      readonly elapsedMs: number
      readonly totalMs: number
      readonly ratePerSecond: number
      readonly p50Ms: number | undefined
      readonly p95Ms: number | undefined
      readonly errors: number
    }
  | { readonly kind: 'block'; readonly done: number; readonly total: number; readonly label: string }

export type Stage =
  | 'starting'
  | 'workload'
  | 'warm-up'
  | 'measuring'
  | 'reading'
  | 'investigating'
  | 'heap'
  | 'breaking'
  | 'stopping'
  | 'trial'
  | 'ladder'
  | 'report'

export type OnProgress = (progress: Progress) => void
