/** What one route answered: latency by status class, status codes, error kinds and body sizes, in memory that does not grow. */
import type { RouteLoad, RouteName } from '@whetstone/model'
import { Histogram } from '@whetstone/stats'
import { classNames, FIRST_ERROR_STATUS } from './status-class.ts'

const STATUSES = 600

export class RouteRecord {
  readonly route: RouteName
  requests = 0
  errors = 0
  readonly service = new Histogram()
  readonly #byClass: (Histogram | undefined)[] = []
  readonly #statusCounts = new Float64Array(STATUSES)
  readonly #failures = new Map<string, number>()
  #answers = 0
  #bodyBytes = 0
  #maxBodyBytes = 0

  constructor(route: RouteName) {
    this.route = route
  }

  answer(status: number, bodyBytes: number, responseUs: number, serviceUs: number): void {
    this.requests++
    this.#answers++
    this.#bodyBytes += bodyBytes
    if (bodyBytes > this.#maxBodyBytes) this.#maxBodyBytes = bodyBytes
    this.#statusCounts[status]!++
    const statusClass = (status / 100) | 0
    const times = this.#byClass[statusClass] ?? (this.#byClass[statusClass] = new Histogram())
    times.record(responseUs)
    if (status >= FIRST_ERROR_STATUS) this.errors++
    else this.service.record(serviceUs)
  }

  failure(kind: string): void {
    this.requests++
    this.errors++
    this.#failures.set(kind, (this.#failures.get(kind) ?? 0) + 1)
  }

  /** Response times of successful answers, added to `into`. */
  addResponses(into: Histogram): void {
    this.#byClass.forEach((times, statusClass) => {
      if (times !== undefined && statusClass * 100 < FIRST_ERROR_STATUS) into.merge(times)
    })
  }

  errorsByKind(): Record<string, number> {
    const kinds = Object.fromEntries(this.#failures)
    for (let status = FIRST_ERROR_STATUS; status < STATUSES; status++)
      if (this.#statusCounts[status]! > 0) kinds[`http-${status}`] = this.#statusCounts[status]!
    return kinds
  }

  toLoad(): RouteLoad {
    const response = new Histogram()
    this.addResponses(response)
    const statuses = [...this.#statusCounts.entries()].filter(([, count]) => count > 0)
    return {
      route: this.route,
      requests: this.requests,
      errors: this.errors,
      errorsByKind: this.errorsByKind(),
      response: response.toJSON(),
      responseByStatusClass: Object.fromEntries(
        this.#byClass.flatMap((times, statusClass) =>
          times === undefined ? [] : [[classNames[statusClass]!, times.toJSON()]],
        ),
      ),
      service: this.service.toJSON(),
      statusCounts: Object.fromEntries(statuses),
      meanBodyBytes: this.#answers === 0 ? 0 : this.#bodyBytes / this.#answers,
      maxBodyBytes: this.#maxBodyBytes,
    }
  }
}
