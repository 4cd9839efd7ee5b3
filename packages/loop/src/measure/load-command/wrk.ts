/** What wrk and wrk2 print. wrk2 counts from the schedule and prints its whole distribution; wrk does neither. */
import { Histogram } from '@whetstone/stats'
import { closedModel, occurred, type PrintedQuantile, printedMs, type ToolReading } from './tool-reading.ts'

export function readWrk(text: string): ToolReading | undefined {
  const total = /^\s*(\d+) requests in (\S+?),/m.exec(text)
  if (total === null || !/^Running \S+ test @ /m.test(text)) return undefined
  const isWrk2 = /Thread calibration|HdrHistogram|Detailed Percentile spectrum/.test(text)
  const socket = /^\s*Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/m.exec(text)
  const unwanted = /^\s*Non-2xx or 3xx responses: (\d+)/m.exec(text)?.[1]
  const durationMs = printedMs(total[2]!)
  const users = /and (\d+) connections/.exec(text)?.[1]
  const spectrum = isWrk2 ? spectrumOf(text) : undefined
  return {
    tool: isWrk2 ? 'wrk2' : 'wrk',
    requests: Number(total[1]),
    // It does not tell 4xx, which are answers, from 5xx.
    errorsByKind: occurred({
      connect: Number(socket?.[1] ?? 0),
      read: Number(socket?.[2] ?? 0),
      write: Number(socket?.[3] ?? 0),
      timeout: Number(socket?.[4] ?? 0),
      'http-not-2xx-or-3xx': Number(unwanted ?? 0),
    }),
    ...(Number.isFinite(durationMs) ? { durationMs } : {}),
    ...(users === undefined ? {} : { users: Number(users) }),
    samples: [],
    ...(spectrum === undefined ? {} : { spectrum }),
    printed: quantilesOf(text),
    ...(isWrk2 ? {} : { hides: closedModel }),
    notes:
      isWrk2 && spectrum !== undefined && spectrum.count < Number(total[1])
        ? [`wrk2 calibrates for its first 10 s: its latencies are of ${spectrum.count} of ${total[1]} requests`]
        : [],
  }
}

function quantilesOf(text: string): PrintedQuantile[] {
  // The block after "Latency Distribution"; wrk2 prints a second, uncorrected one after "Uncorrected".
  const block = /Latency Distribution[^\n]*\n((?:\s*\d+(?:\.\d+)?%\s+\S+\n?)+)/.exec(text)?.[1] ?? ''
  return [...block.matchAll(/(\d+(?:\.\d+)?)%\s+(\S+)/g)].flatMap(([, percent, time]) => {
    const ms = printedMs(time!)
    return Number.isFinite(ms) ? [{ quantile: Number(percent) / 100, ms }] : []
  })
}

/** Lines of value in ms, quantile and the number of requests so far: each step counts at its upper end. */
function spectrumOf(text: string): Histogram | undefined {
  const block = /Detailed Percentile spectrum:\s*\n\s*Value\s+Percentile\s+TotalCount[^\n]*\n([\s\S]*?)#\[/.exec(
    text,
  )?.[1]
  if (block === undefined) return undefined
  const histogram = new Histogram()
  let before = 0
  for (const [, value, count] of block.matchAll(/^\s*(\d+(?:\.\d+)?)\s+\d\.\d+\s+(\d+)/gm)) {
    const reached = Number(count)
    if (reached > before) histogram.record(Number(value) * 1_000, reached - before)
    before = Math.max(before, reached)
  }
  return histogram.count === 0 ? undefined : histogram
}
