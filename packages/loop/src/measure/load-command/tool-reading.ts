/** What the output of a load tool says, in one shape for all tools; nothing in it is guessed. */
import type { Histogram } from '@whetstone/stats'

export interface ToolReading {
  /** `wrk`, `k6` … */
  readonly tool: string
  /** Answered or failed. */
  readonly requests: number
  /** Connection errors, timeouts and answers that are none, or 5xx; each by its kind. */
  readonly errorsByKind: Readonly<Record<string, number>>
  readonly durationMs?: number
  /** Connections or users that work at a time. */
  readonly users?: number
  /** The rate it was told to keep. */
  readonly offeredRatePerSecond?: number
  /** One entry a request, where the tool writes them down. */
  readonly samples: readonly ToolSample[]
  /** Response times of all requests, where the tool prints how many took how long. */
  readonly spectrum?: Histogram
  /** Quantiles as printed: facts for the reader, too few to make a distribution from. */
  readonly printed: readonly PrintedQuantile[]
  /** Why its own figures hide what a stalled service costs; absent when they do not. */
  readonly hides?: string
  /** What else the reader must know. */
  readonly notes: readonly string[]
}

export interface ToolSample {
  /** Epoch milliseconds of its beginning. */
  readonly atMs: number
  readonly durationMs: number
  /** Upper case; GET where the tool does not say. */
  readonly method: string
  /** A URL or a path; else what the tool calls the request. */
  readonly target: string
  /** 0 without an answer. */
  readonly status: number
  readonly bytes?: number
  /** Set when there was no answer, or none that counts. */
  readonly error?: string
}

export interface PrintedQuantile {
  readonly quantile: number
  readonly ms: number
}

export const closedModel =
  'each of its connections waits for an answer before it asks again, so a stalled service lowers the load instead of being measured'

/** `1.23ms`, `250us`, `2s`, `1m`, as wrk prints times; NaN for anything else. */
export function printedMs(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(us|µs|ms|s|m|h)$/.exec(text.trim())
  return match === null ? NaN : Number(match[1]) * UNIT_MS[match[2] as keyof typeof UNIT_MS]
}

const UNIT_MS = { us: 0.001, µs: 0.001, ms: 1, s: 1_000, m: 60_000, h: 3_600_000 } as const

/** The number behind a label at the beginning of a line. */
export function labelled(text: string, label: string): number | undefined {
  const escaped = label.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
  const value = new RegExp(`^\\s*${escaped}\\s*(-?\\d+(?:\\.\\d+)?)`, 'm').exec(text)?.[1]
  return value === undefined ? undefined : Number(value)
}

/** Kinds that occurred. */
export function occurred(kinds: Readonly<Record<string, number | undefined>>): Record<string, number> {
  return Object.fromEntries(Object.entries(kinds).filter((entry): entry is [string, number] => (entry[1] ?? 0) > 0))
}
