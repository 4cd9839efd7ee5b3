/** Bytes of an OTLP export, protobuf or JSON, into plain spans with one kind of id, one clock and flat attributes. */
import protobuf from 'protobufjs'
import { traceDescriptor } from './trace-descriptor.ts'

export type AttributeValue = string | number | boolean | readonly (string | number | boolean)[]

export interface OtlpSpan {
  /** Lower-case hexadecimal. */
  readonly traceId: string
  readonly spanId: string
  /** Absent for the root of a trace. */
  readonly parentSpanId?: string
  readonly name: string
  readonly kind: 'unspecified' | 'internal' | 'server' | 'client' | 'producer' | 'consumer'
  /** Epoch milliseconds; a double keeps about a quarter of a microsecond here. */
  readonly startMs: number
  readonly endMs: number
  readonly failed: boolean
  /** Name of the instrumentation library. */
  readonly scope: string
  readonly service?: string
  readonly attributes: ReadonlyMap<string, AttributeValue>
}

const exportRequest = protobuf.Root.fromJSON(traceDescriptor).lookupType('ExportTraceServiceRequest')
const kinds = ['unspecified', 'internal', 'server', 'client', 'producer', 'consumer'] as const

/** Told of each span that has no ids or times. */
export type OnBroken = () => void

/** Throws when the bytes are no such message. */
export function decodeProtobuf(body: Uint8Array, onBroken?: OnBroken): OtlpSpan[] {
  return spansOf(exportRequest.decode(body) as unknown as WireRequest, onBroken)
}

/** Throws when the text is no JSON object. */
export function decodeJson(text: string, onBroken?: OnBroken): OtlpSpan[] {
  const value: unknown = JSON.parse(text)
  if (typeof value !== 'object' || value === null) throw new TypeError('an OTLP export is a JSON object')
  return spansOf(value as WireRequest, onBroken)
}

/** 64-bit numbers come as Long objects from protobuf, as strings or numbers from JSON. */
type WireInteger = { readonly low: number; readonly high: number } | string | number
type WireId = Uint8Array | string
interface WireValue {
  readonly stringValue?: string
  readonly boolValue?: boolean
  readonly intValue?: WireInteger
  readonly doubleValue?: number
  readonly arrayValue?: { readonly values?: readonly WireValue[] }
}
interface WireAttribute {
  readonly key: string
  readonly value?: WireValue | null
}
interface WireSpan {
  readonly traceId: WireId
  readonly spanId: WireId
  readonly parentSpanId?: WireId
  readonly name?: string
  readonly kind?: number | string
  readonly startTimeUnixNano: WireInteger
  readonly endTimeUnixNano: WireInteger
  readonly attributes?: readonly WireAttribute[]
  readonly status?: { readonly code?: number | string } | null
}
interface WireScope {
  readonly scope?: { readonly name?: string } | null
  readonly spans?: readonly WireSpan[]
}
interface WireRequest {
  readonly resourceSpans?: readonly {
    readonly resource?: { readonly attributes?: readonly WireAttribute[] } | null
    readonly scopeSpans?: readonly WireScope[]
    readonly instrumentationLibrarySpans?: readonly WireScope[]
  }[]
}

function spansOf(request: WireRequest, onBroken?: OnBroken): OtlpSpan[] {
  const spans: OtlpSpan[] = []
  for (const group of request.resourceSpans ?? []) {
    const service = attributesOf(group.resource?.attributes).get('service.name')
    for (const scope of [...(group.scopeSpans ?? []), ...(group.instrumentationLibrarySpans ?? [])])
      for (const span of scope.spans ?? []) {
        const read = spanOf(span, scope.scope?.name ?? '', typeof service === 'string' ? service : undefined)
        if (read) spans.push(read)
        else onBroken?.()
      }
  }
  return spans
}

/** `undefined` for a span without ids or times: one broken span does not lose the batch. */
function spanOf(span: WireSpan, scope: string, service: string | undefined): OtlpSpan | undefined {
  const [traceId, spanId, parentSpanId] = [hex(span.traceId), hex(span.spanId), hex(span.parentSpanId)]
  const [startMs, endMs] = [milliseconds(span.startTimeUnixNano), milliseconds(span.endTimeUnixNano)]
  if (traceId === '' || spanId === '' || !Number.isFinite(startMs) || !Number.isFinite(endMs)) return undefined
  return {
    traceId,
    spanId,
    ...(/[^0]/.test(parentSpanId) ? { parentSpanId } : {}),
    name: String(span.name ?? ''),
    kind: kindOf(span.kind),
    startMs,
    endMs: Math.max(startMs, endMs),
    failed: span.status?.code === 2 || span.status?.code === 'STATUS_CODE_ERROR',
    scope,
    ...(service === undefined ? {} : { service }),
    attributes: attributesOf(span.attributes),
  }
}

function kindOf(kind: number | string | undefined): OtlpSpan['kind'] {
  if (typeof kind === 'number') return kinds[kind] ?? 'unspecified'
  const name = kind?.replace('SPAN_KIND_', '').toLowerCase()
  return kinds.find(known => known === name) ?? 'unspecified'
}

function attributesOf(list: readonly WireAttribute[] | undefined): Map<string, AttributeValue> {
  const attributes = new Map<string, AttributeValue>()
  for (const { key, value } of list ?? []) {
    const read = valueOf(value)
    if (read !== undefined) attributes.set(key, read)
  }
  return attributes
}

function valueOf(value: WireValue | null | undefined): AttributeValue | undefined {
  if (!value) return undefined
  // Decoded messages answer an absent field from their prototype; only what was sent counts.
  const sent = (field: keyof WireValue): boolean => Object.hasOwn(value, field)
  if (sent('stringValue')) return value.stringValue
  if (sent('boolValue')) return value.boolValue
  if (sent('intValue')) return integer(value.intValue)
  if (sent('doubleValue')) return value.doubleValue
  if (sent('arrayValue'))
    return (value.arrayValue?.values ?? []).flatMap(item => {
      const read = valueOf(item)
      return read === undefined || typeof read === 'object' ? [] : [read]
    })
  return undefined
}

function hex(id: WireId | undefined): string {
  if (id === undefined) return ''
  return typeof id === 'string' ? id.toLowerCase() : Buffer.from(id).toString('hex')
}

function integer(value: WireInteger | undefined): number {
  if (typeof value === 'object') return value.high * 2 ** 32 + (value.low >>> 0)
  return Number(value)
}

function milliseconds(nanoseconds: WireInteger | undefined): number {
  if (typeof nanoseconds === 'object') return ((nanoseconds.high >>> 0) * 2 ** 32 + (nanoseconds.low >>> 0)) / 1e6
  return nanoseconds === undefined ? NaN : Number(nanoseconds) / 1e6
}
