/** The same load for a long time: what grows though nothing changes is a leak, or becomes one. */
import type { LoadInterval, SoakResult, Trend } from '@whetstone/model'
import { Histogram } from '@whetstone/stats'
import type { LoadPlan } from '../plan.ts'
import type { LoadsRun, SearchShell } from './search.ts'
import { Loads } from './search.ts'
import type { TrendPoint } from './trend.ts'
import { trendOf } from './trend.ts'

export type ProcessMetric = Exclude<Trend['metric'], 'p50' | 'p95'>

export interface SoakSettings {
  /** What the service's process says of itself: bytes, or a count of handles. A reading that fails is left out. */
  readonly readProcess?: () => Promise<Partial<Record<ProcessMetric, number>>>
  /** Default: 300 readings over the test, at least a second apart. */
  readonly readEveryMs?: number
}

export interface SoakTest extends LoadsRun {
  readonly soak: SoakResult
}

/** In less, a heap has hardly been collected often enough to tell a leak from what waits for its collection. */
const SHORTEST_TELLING_MS = 30 * 60_000
const READINGS = 300
/** Latency is read in so many parts of the test, each a quantile of all answers in it. */
const LATENCY_PARTS = 40
const units: Readonly<Record<ProcessMetric, Trend['unit']>> = {
  'resident-memory': 'bytes',
  'heap-after-collection': 'bytes',
  'open-handles': 'count',
}

/** One load of the base's rate and duration, with the process read beside it. */
export async function runSoak(base: LoadPlan, settings: SoakSettings, shell: SearchShell): Promise<SoakTest> {
  const loads = new Loads(base, shell)
  const everyMs = settings.readEveryMs ?? Math.max(1000, base.durationMs / READINGS)
  const reader = settings.readProcess === undefined ? undefined : new Reader(settings.readProcess, everyMs)
  const { intervals } = await loads.runAlone({}, 'soak').finally(() => reader?.stop())
  return {
    ...loads.ran,
    soak: {
      trends: [
        trendOf('p50', 'ms', latencies(intervals, 0.5)),
        trendOf('p95', 'ms', latencies(intervals, 0.95)),
        ...(reader?.trends(base.warmUpMs) ?? []),
      ],
      shortestTellingMs: SHORTEST_TELLING_MS,
    },
  }
}

function latencies(intervals: readonly LoadInterval[], q: number): TrendPoint[] {
  const parts = Math.min(LATENCY_PARTS, intervals.length)
  const edge = (part: number) => Math.round((part * intervals.length) / parts)
  return Array.from({ length: parts }, (_, part) => {
    const own = intervals.slice(edge(part), edge(part + 1))
    const merged = new Histogram()
    for (const { response } of own) merged.merge(Histogram.fromJSON(response))
    return { atMs: (own[0]!.atMs + own.at(-1)!.atMs) / 2, value: merged.quantile(q) / 1000 }
  }).filter(({ value }) => !Number.isNaN(value))
}

/** Reads again and again until it is stopped, one reading at a time however slow they are. */
class Reader {
  readonly #read: NonNullable<SoakSettings['readProcess']>
  readonly #everyMs: number
  readonly #beganMs = performance.now()
  readonly #points = new Map<ProcessMetric, TrendPoint[]>()
  #timer: NodeJS.Timeout | undefined
  #stopped = false

  constructor(read: NonNullable<SoakSettings['readProcess']>, everyMs: number) {
    this.#read = read
    this.#everyMs = everyMs
    void this.#turn()
  }

  stop(): void {
    this.#stopped = true
    clearTimeout(this.#timer)
  }

  /** Of what was read after the warm-up, in which every process grows. */
  trends(warmUpMs: number): Trend[] {
    return [...this.#points].map(([metric, points]) =>
      trendOf(
        metric,
        units[metric],
        points.filter(({ atMs }) => atMs >= warmUpMs).map(({ atMs, value }) => ({ atMs: atMs - warmUpMs, value })),
      ),
    )
  }

  async #turn(): Promise<void> {
    const reading = await this.#read().catch(() => ({}))
    if (this.#stopped) return
    const atMs = performance.now() - this.#beganMs
    for (const [metric, value] of Object.entries(reading) as [ProcessMetric, number][]) {
      const points = this.#points.get(metric)
      if (points === undefined) this.#points.set(metric, [{ atMs, value }])
      else points.push({ atMs, value })
    }
    this.#timer = setTimeout(() => void this.#turn(), this.#everyMs)
    this.#timer.unref()
  }
}
