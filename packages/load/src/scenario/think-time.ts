/** How long a user waits: fixed, between two times, or as people do who do not know of each other. */
import { durationMs } from '@whetstone/model'
import type { Think, ThinkTime } from './definition.ts'
import { drawn } from './draw.ts'
import type { Site } from './site.ts'
import { scenarioError, siteOf } from './site.ts'

/** Waits `500ms`, anything from `200ms..1s`, or a time of `exponential('1s')`; the same for the same user in every run. */
export function think(time: string | ThinkTime): Think {
  return { kind: 'think', time: thinkTime(time, siteOf(think)) }
}

/** Times with this mean, as between people who do not know of each other. */
export function exponential(mean: string): ThinkTime {
  return { kind: 'exponential', meanMs: milliseconds(mean, siteOf(exponential)) }
}

/** Throws `WHET_SCENARIO` for what is no time. */
export function thinkTime(time: string | ThinkTime, site: Site | undefined): ThinkTime {
  if (typeof time !== 'string') return time
  const [from = '', to] = time.split('..')
  if (to === undefined) return { kind: 'fixed', ms: milliseconds(from, site) }
  const [fromMs, toMs] = [milliseconds(from, site), milliseconds(to, site)]
  if (fromMs > toMs) throw scenarioError(site, `${JSON.stringify(time)} ends before it begins`)
  return { kind: 'range', fromMs, toMs }
}

/** Milliseconds for user number `arrival` at this place of the scenario. */
export function drawMs(time: ThinkTime, seed: number, arrival: number, place: number): number {
  switch (time.kind) {
    case 'fixed':
      return time.ms
    case 'range':
      return time.fromMs + drawn(seed, arrival, place) * (time.toMs - time.fromMs)
    case 'exponential':
      return -Math.log(1 - drawn(seed, arrival, place)) * time.meanMs
  }
}

/** Throws `WHET_SCENARIO`. */
export function milliseconds(text: string, site: Site | undefined): number {
  const ms = durationMs(text)
  if (ms === undefined) throw scenarioError(site, `${JSON.stringify(text)} is no time such as 500ms or 200ms..1s`)
  return ms
}
