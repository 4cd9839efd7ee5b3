/** What a workload is made from: files, what the user adds, and where the dice begin. */
import type { SourceText } from '@whetstone/load/import'

export interface WorkloadInput {
  /** As the framework registered them, `/orders/:id`. */
  readonly frameworkRoutes?: readonly { readonly method: string; readonly pattern: string }[]
  /** OpenAPI 3 as YAML or JSON. */
  readonly openapi?: SourceText
  readonly har?: SourceText
  /** Combined format or JSON lines. */
  readonly accessLog?: SourceText
  /** `GET /orders/:id` or `GET /orders?limit=20 3`, the number being the weight. */
  readonly routes?: readonly string[]
  /** `POST /search {"text":"x"}`: the user says that it may be repeated. */
  readonly requests?: readonly string[]
  /** `name: value`, sent with every request. */
  readonly headers?: readonly string[]
  /** `POST /login {…}`: sent once, its token goes with every request. */
  readonly login?: string
  /** `orders=ids.txt` read into keys, by resource or parameter name. */
  readonly ids?: Readonly<Record<string, readonly string[]>>
  readonly seed: number
  /** Different requests kept per route. Default 200. */
  readonly requestsPerRoute?: number
}
