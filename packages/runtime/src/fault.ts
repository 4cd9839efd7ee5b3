/** A deliberate failure of a remedy: a stable code, the actual values, and whether calling again is safe. */
const brand = Symbol.for('whetstone.fault')

export interface FaultOptions {
  /** True when the guarded call had not started, so that calling again cannot repeat a side effect. */
  readonly retryable: boolean
  /** What a person can change next. */
  readonly hint?: string
  readonly cause?: unknown
}

export class Fault extends Error {
  readonly [brand] = true
  readonly retryable: boolean
  readonly hint: string | undefined

  /** @param code stable, explained in docs/faults.md */
  constructor(
    readonly code: `FAULT_${string}`,
    message: string,
    { retryable, hint, cause }: FaultOptions,
  ) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'Fault'
    this.retryable = retryable
    this.hint = hint
  }
}

/** True also for a fault made by another copy of this package. */
export function isFault(error: unknown): error is Fault {
  return typeof error === 'object' && error !== null && brand in error
}
