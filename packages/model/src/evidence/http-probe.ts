/** A few single requests made on purpose, and what their answers showed about headers, size and parameters. */
import type { RouteName } from '../place.ts'
import type { MetricsPage } from './metrics-page.ts'

export interface HttpProbeEvidence {
  readonly schema: 'http-probe@1'
  readonly probes: readonly HttpProbe[]
  /** Of `/metrics`; absent where there is no such page, and in older runs. */
  readonly metrics?: MetricsPage
}
export type HttpProbeVariation =
  | { readonly kind: 'plain' }
  /** The same request again, some time later; `afterMs` since the plain one. */
  | { readonly kind: 'repeat'; readonly afterMs: number }
  | { readonly kind: 'accept-encoding'; readonly value: string }
  | { readonly kind: 'if-none-match'; readonly etag: string }
  /** The plain request without what says who asks: sent for files, which may be everybody's all the same. */
  | { readonly kind: 'without-credentials' }
  | { readonly kind: 'query'; readonly parameters: Readonly<Record<string, string>> }
  | { readonly kind: 'body-bytes'; readonly bytes: number }

export interface HttpProbe {
  readonly route: RouteName
  readonly url: string
  readonly variation: HttpProbeVariation
  /** The request carried a cookie, an authorization header or the like: its answer may belong to one person. */
  readonly authorised?: boolean
  readonly answer: HttpAnswer
}
export interface HttpAnswer {
  readonly statusCode: number
  /** Lower-case names; several values joined by comma. */
  readonly headers: Readonly<Record<string, string>>
  readonly durationMs: number
  /** As transferred. */
  readonly wireBytes: number
  /** After content decoding. */
  readonly bodyBytes: number
  readonly bodyHash: string
  /** Size of the body under gzip level 6, for text bodies. */
  readonly gzipBytes?: number
  readonly json?: JsonShape
  readonly failed?: string
  /** What a 4xx or 5xx answer says of itself: its `message` or `error`, else its text; at most 200 characters. */
  readonly message?: string
}
/** What is known of a JSON answer without keeping it. */
export interface JsonShape {
  readonly kind: 'array' | 'object' | 'scalar'
  /**
   * Length of the top-level array, or of the longest array one level down (its key in `itemsKey`); arrays beside it
   * whose items have the same keys are counted with it.
   */
  readonly items?: number
  readonly itemsKey?: string
  /** Objects in lists at any depth, where these are more than the items: the rows of a join may be nested in them. */
  readonly objects?: number
  /** Keys of one item, or of the object. */
  readonly keys: readonly string[]
}
