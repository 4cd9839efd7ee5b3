/** Every deliberate failure of the tool: a stable code, the actual values, what to type, and the exit code it ends the process with. */
const brand = Symbol.for('whetstone.error')

/** Exit codes of the command line; small and stable. */
export const exitCodes = {
  ok: 0,
  gate: 1,
  usage: 2,
  target: 3,
  undecided: 4,
  findings: 5,
  internal: 70,
  interrupted: 130,
} as const
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]

export interface WhetstoneErrorOptions {
  /** What the person can type or change next; one or more lines. */
  readonly hint?: string
  readonly cause?: unknown
  /** Defaults to `usage` (2). */
  readonly exitCode?: ExitCode
  /** Lines of output of the failed process, newest last. */
  readonly logTail?: readonly string[]
}

export class WhetstoneError extends Error {
  readonly [brand] = true
  readonly hint: string | undefined
  readonly exitCode: ExitCode
  readonly logTail: readonly string[]

  /** @param code stable, `WHET_` and upper-case words, documented in docs/errors.md */
  constructor(
    readonly code: `WHET_${string}`,
    message: string,
    options: WhetstoneErrorOptions = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'WhetstoneError'
    this.hint = options.hint
    this.exitCode = options.exitCode ?? exitCodes.usage
    this.logTail = options.logTail ?? []
  }
}

/** True also for an error made by another copy of this package. */
export function isWhetstoneError(error: unknown): error is WhetstoneError {
  return typeof error === 'object' && error !== null && brand in error
}
