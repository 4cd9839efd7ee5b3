/** What one route answered: latency by status class, status codes, error kinds and body sizes, in memory that does not grow. */
import type { RouteLoad, RouteName } from '@whetstone/model'
import { Histogram } from '@whetstone/stats'

/** 5xx answers are errors: a fast failure must never look like a fast answer. */
const FIRST_ERROR_STATUS = 500

export class RouteRecord {
  readonly route: RouteName
  readonly response = new Histogram()
  readonly service = new Histogram()
  requests = 0
  errors = 0
  readonly #byClass = new Map<string, Histogram>()
  readonly #statusCounts = new Map<number, number>()
  readonly #errorsByKind = new Map<string, number>()
  #answers = 0
  #bodyBytes = 0
  #maxBodyBytes = 0

  constructor(route: RouteName) {
    this.route = route
  }

  /** Returns whether the answer counts as a success. */
  answer(status: number, bodyBytes: number, responseUs: number, serviceUs: number): boolean {
    this.requests++
    this.#answers++
    this.#bodyBytes += bodyBytes
    if (bodyBytes > this.#maxBodyBytes) this.#maxBodyBytes = bodyBytes
    this.#statusCounts.set(status, (this.#statusCounts.get(status) ?? 0) + 1)
    this.#classHistogram(status).record(responseUs)
    if (status >= FIRST_ERROR_STATUS) {
      this.#countError(`http-${status}`)
      return false
    }
    this.response.record(responseUs)
    this.service.record(serviceUs)
    return true
  }

  failure(kind: string): void {
    this.requests++
    this.#countError(kind)
  }

  get errorsByKind(): ReadonlyMap<string, number> {
    return this.#errorsByKind
  }

  toLoad(): RouteLoad {
    return {
      route: this.route,
      requests: this.requests,
      errors: this.errors,
      errorsByKind: Object.fromEntries(this.#errorsByKind),
      response: this.response.toJSON(),
      responseByStatusClass: Object.fromEntries(
        [...this.#byClass].map(([name, histogram]) => [name, histogram.toJSON()]),
      ),
      service: this.service.toJSON(),
      statusCounts: Object.fromEntries([...this.#statusCounts].sort(([a], [b]) => a - b)),
      meanBodyBytes: this.#answers === 0 ? 0 : this.#bodyBytes / this.#answers,
      maxBodyBytes: this.#maxBodyBytes,
    }
  }

  #countError(kind: string): void {
    this.errors++
    this.#errorsByKind.set(kind, (this.#errorsByKind.get(kind) ?? 0) + 1)
  }

  #classHistogram(status: number): Histogram {
    const name = `${Math.floor(status / 100)}xx`
    let histogram = this.#byClass.get(name)
    if (histogram === undefined) this.#byClass.set(name, (histogram = new Histogram()))
    return histogram
  }
}
