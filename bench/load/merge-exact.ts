/** Whether four records merge into what one would have held: the same samples through both, every figure compared. */
import { isDeepStrictEqual } from 'node:util'
import type { LoadStep } from '@whetstone/model'
import { seededRandom } from '@whetstone/stats'
import { mergeSteps } from '../../packages/load/src/record/merge.ts'
import { StepRecord } from '../../packages/load/src/record/step-record.ts'

const workers = 4
const durationMs = 20_000
const end = { startedAt: '2026-01-01T00:00:00.000Z', durationMs, cpuFraction: 0, loopDelayP99Ms: 0 }

interface Event {
  readonly atMs: number
  readonly tell: (record: StepRecord) => void
  readonly worker: number
}

/** Latencies from microseconds to a minute, all statuses and failures. Returns whether all figures agreed. */
export function mergeIsExact(samples: number): { readonly samples: number; readonly exact: boolean } {
  const single = record(1)
  const several = Array.from({ length: workers }, () => record(1 / workers))
  for (const { tell, worker } of eventsOf(samples)) {
    tell(single)
    tell(several[worker]!)
  }
  const merged = comparable(mergeSteps(several.map(one => one.finish(end))))
  return { samples, exact: isDeepStrictEqual(merged, comparable(single.finish(end))) }
}

/** In the order of time, as an engine tells them. */
function eventsOf(samples: number): Event[] {
  const random = seededRandom(20_260_101)
  const events: Event[] = []
  for (let sample = 0; sample < samples; sample++) {
    const scheduledMs = (durationMs * sample) / samples
    const noticedMs = scheduledMs + random()
    const sentMs = noticedMs + 5 * random()
    const answeredMs = sentMs + 0.02 * Math.exp(15 * random())
    const timed = { scheduledMs, noticedMs, sentMs }
    const worker = Math.floor(random() * workers)
    const route = Math.floor(random() * 3)
    const status = [200, 200, 200, 404, 503, 0][Math.floor(random() * 6)]!
    events.push({ atMs: noticedMs, worker, tell: one => one.notice(scheduledMs, noticedMs) })
    events.push({
      atMs: answeredMs,
      worker,
      tell(one) {
        if (status === 0) one.failure(route, timed, answeredMs, 'timeout')
        else one.answer(route, timed, answeredMs, status, sample % 5000)
        one.check(0, status === 200)
      },
    })
  }
  return events.sort((a, b) => a.atMs - b.atMs)
}

function record(share: number): StepRecord {
  return new StepRecord({
    purpose: 'measure',
    offeredRatePerSecond: 1000 * share,
    arrivals: 'poisson',
    routes: ['GET /a', 'GET /b', 'GET /c'],
    checks: [{ name: 'found', route: 0 }],
    startMs: 0,
    durationMs,
  })
}

/** Everything but the generator's verdict, which names workers, and the sums of rates, which are rounded. */
function comparable({ generator: _generator, achievedRatePerSecond: _rate, ...step }: LoadStep): unknown {
  const { intervals } = step
  // A cell that was never used by one worker may come in another place.
  const sorted = intervals.map(({ cells = [], ...rest }) => ({
    ...rest,
    cells: cells.map(cell => JSON.stringify(cell)).sort(),
  }))
  return JSON.parse(JSON.stringify({ ...step, intervals: sorted })) as unknown
}
