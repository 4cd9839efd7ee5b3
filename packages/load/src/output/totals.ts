/** Counts by purpose, route and status class, as receivers of metrics keep them: cumulative buckets instead of histograms. */
import type { LoadInterval, LoadStep } from '@whetstone/model'
import type { Histogram } from '@whetstone/stats'
import { cellsOf } from './cells.ts'

export interface Total {
  readonly purpose: LoadStep['purpose']
  readonly route: string
  readonly statusClass: string
  readonly requests: number
  readonly errors: number
  /** Response times: how many, and their sum. */
  readonly answers: number
  readonly sumSeconds: number
  /** How many took at most each of `boundsSeconds`. */
  readonly atMost: readonly number[]
}

/** Close to one another where services usually have their limits. */
export const boundsSeconds: readonly number[] = [
  ...[0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75],
  ...[1, 1.5, 2, 3, 5, 10, 30],
]

export class Totals {
  readonly #byKey = new Map<string, Total>()

  add(purpose: LoadStep['purpose'], interval: LoadInterval): void {
    for (const { route, statusClass, requests, errors, response } of cellsOf(interval)) {
      const zero = zeroOf({ purpose, route, statusClass })
      const key = keyOf(zero)
      const { count: answers } = response
      const more = {
        ...zero,
        requests,
        errors,
        answers,
        sumSeconds: response.sum / 1e6,
        atMost: atMostCounts(response),
      }
      this.#byKey.set(key, combined(this.#byKey.get(key) ?? zero, more, 1))
    }
  }

  of(purpose?: LoadStep['purpose']): Total[] {
    return [...this.#byKey.values()].filter(total => purpose === undefined || total.purpose === purpose)
  }

  /** What these have beyond `told`; nothing where they have no more. */
  beyond(told: Totals): Total[] {
    return this.of()
      .map(total => combined(total, told.#byKey.get(keyOf(total)) ?? zeroOf(total), -1))
      .filter(({ requests }) => requests > 0)
  }

  /** The larger of both by purpose, route and status class: a counter must never fall. */
  atLeast(told: Totals): Total[] {
    const both = new Map(told.#byKey)
    for (const [key, total] of this.#byKey) if ((both.get(key)?.requests ?? 0) <= total.requests) both.set(key, total)
    return [...both.values()]
  }
}

function atMostCounts(response: Histogram): number[] {
  return boundsSeconds.map(bound => response.count - response.countAbove(bound * 1e6))
}

function combined(one: Total, other: Total, sign: 1 | -1): Total {
  return {
    ...one,
    requests: one.requests + sign * other.requests,
    errors: one.errors + sign * other.errors,
    answers: one.answers + sign * other.answers,
    sumSeconds: one.sumSeconds + sign * other.sumSeconds,
    atMost: one.atMost.map((count, index) => count + sign * other.atMost[index]!),
  }
}

type Identity = Pick<Total, 'purpose' | 'route' | 'statusClass'>

function zeroOf({ purpose, route, statusClass }: Identity): Total {
  const atMost = boundsSeconds.map(() => 0)
  return { purpose, route, statusClass, requests: 0, errors: 0, answers: 0, sumSeconds: 0, atMost }
}

function keyOf({ purpose, route, statusClass }: Identity): string {
  return JSON.stringify([purpose, route, statusClass])
}
