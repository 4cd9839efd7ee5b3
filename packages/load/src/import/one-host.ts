/** A recording of a browser holds requests to many hosts; one of them is the service under test. */
import type { ImportProblem, RecordedRequest, Recording } from './imported.ts'
import { counted } from './imported.ts'

export interface RequestsOfHost {
  readonly requests: readonly RecordedRequest[]
  /** Undefined where only paths were recorded. */
  readonly origin?: string
  readonly leftOut: readonly ImportProblem[]
}

/** The host of the target where it occurs, else the busiest one. */
export function requestsToOneHost({ file, requests }: Recording, targetHost: string | undefined): RequestsOfHost {
  const counts = new Map<string | undefined, number>()
  for (const { origin } of requests) counts.set(origin, (counts.get(origin) ?? 0) + 1)
  const wanted = [...counts.keys()].find(origin => targetHost !== undefined && hostOf(origin) === targetHost)
  const busiest = [...counts].sort((a, b) => b[1] - a[1])[0]?.[0]
  const chosen = wanted ?? busiest
  const kept = counts.size < 2 ? requests : requests.filter(({ origin }) => hostOf(origin) === hostOf(chosen))
  const others = requests.length - kept.length
  return {
    requests: kept,
    ...(chosen === undefined ? {} : { origin: chosen }),
    leftOut:
      others === 0
        ? []
        : [
            {
              file,
              why: `left out ${counted(others, 'request')} to other hosts than ${hostOf(chosen)}${named(counts, chosen)}`,
            },
          ],
  }
}

function named(counts: ReadonlyMap<string | undefined, number>, chosen: string | undefined): string {
  const others = [...counts.keys()].filter(origin => hostOf(origin) !== hostOf(chosen))
  return ` (${[...new Set(others.map(hostOf))].slice(0, 5).join(', ')})`
}

function hostOf(origin: string | undefined): string {
  return origin === undefined ? 'no host' : new URL(origin).host
}
