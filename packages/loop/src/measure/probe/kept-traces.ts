/** Which exemplar traces of a route are kept: the smallest ids are a fair sample by how the probe draws ids, the slowest are the tail. */
import type { Trace } from '@whetstone/model'

const fairKept = 32
const slowestKept = 8
const routesKept = 500

export class KeptTraces {
  readonly #byRoute = new Map<string, Trace[]>()

  add(trace: Trace): void {
    let traces = this.#byRoute.get(trace.route)
    if (traces === undefined) {
      if (this.#byRoute.size >= routesKept) return
      this.#byRoute.set(trace.route, (traces = []))
    }
    traces.push(trace)
    if (traces.length >= 2 * (fairKept + slowestKept)) this.#byRoute.set(trace.route, chosen(traces))
  }

  merge(other: KeptTraces): void {
    for (const traces of other.#byRoute.values()) for (const trace of traces) this.add(trace)
  }

  list(): Trace[] {
    return [...this.#byRoute.values()].flatMap(traces => chosen(traces))
  }
}

function chosen(traces: readonly Trace[]): Trace[] {
  // A trace the probe shipped only for being slow was not drawn, whatever its id.
  const fair = traces
    .filter(trace => trace.kept === 'reservoir')
    .toSorted((one, other) => (one.id < other.id ? -1 : 1))
    .slice(0, fairKept)
  const isFair = new Set(fair)
  const slowest = traces.toSorted((one, other) => other.durationMs - one.durationMs).slice(0, slowestKept)
  return [
    ...fair,
    ...slowest.filter(trace => !isFair.has(trace)).map(trace => ({ ...trace, kept: 'slowest' as const })),
  ]
}
