/** What one answer of a route holds: its bytes and its items, from single probes and from all requests. */
import type { HttpProbe, HttpProbeEvidence, JsonShape, RouteName, TracesEvidence } from '@whetstone/model'
import { median } from '@whetstone/stats'
import { readRoutes } from './routes.ts'

export interface AnswerReading {
  /** Uncompressed where it is known, else as written; undefined when nothing is known. */
  readonly bodyBytes: number | undefined
  /** Items of the longest list in the answer, with the objects nested in them. */
  readonly items: number | undefined
  /** Names in one item, lower case without separators. */
  readonly keys: ReadonlySet<string>
  /** A download or a stream is meant to be long. */
  readonly isExport: boolean
  /** It said its length first: it was complete before the first byte was sent. */
  readonly isOfKnownLength: boolean
}

export function readAnswer(
  route: RouteName,
  probes: HttpProbeEvidence | undefined,
  traces: TracesEvidence | undefined,
): AnswerReading {
  const plain = (probes?.probes ?? []).filter(
    probe => probe.route === route && probe.variation.kind === 'plain' && probe.answer.statusCode < 300,
  )
  const aggregate = traces && readRoutes(traces).get(route)?.aggregate
  const written = aggregate && aggregate.responseBytes > 0 ? aggregate.responseBytes / aggregate.requests : undefined
  const probed = plain.length > 0 ? median(plain.map(({ answer }) => answer.bodyBytes)) : undefined
  const items = plain.flatMap(({ answer }) => (answer.json ? itemsOf(answer.json) : []))
  return {
    bodyBytes: written === undefined && probed === undefined ? undefined : Math.max(written ?? 0, probed ?? 0),
    items: items.length > 0 ? median(items) : undefined,
    keys: new Set(plain.flatMap(({ answer }) => answer.json?.keys ?? []).map(plainName)),
    isExport: plain.some(isExport),
    isOfKnownLength: plain.some(({ answer }) => 'content-length' in answer.headers),
  }
}

function itemsOf({ items, objects = 0 }: JsonShape): number | [] {
  return items === undefined ? [] : Math.max(items, objects)
}

/** `created_at` and `createdAt` are one name. */
export function plainName(name: string): string {
  return name.toLowerCase().replaceAll(/[^a-z0-9]/g, '')
}

function isExport({ answer }: HttpProbe): boolean {
  const type = answer.headers['content-type'] ?? ''
  return (
    /csv|ndjson|octet-stream|pdf|zip|event-stream/.test(type) ||
    /attachment/.test(answer.headers['content-disposition'] ?? '')
  )
}
