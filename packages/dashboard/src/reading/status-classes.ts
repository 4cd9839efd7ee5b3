/** Answers by the class of their status, so that fast refusals are not taken for fast answers; the page and the terminal both tell them. */
import type { RouteLoad, SerializedHistogram } from '@whetstone/model'
import { merged } from './histogram.ts'

export interface StatusClass {
  /** `2xx`. */
  readonly name: string
  readonly count: number
  /** Of all routes; empty where the run kept none by class. */
  readonly response: SerializedHistogram
}

/** From `1xx` on, only those that were answered. */
export function statusClassesOf(routes: readonly RouteLoad[]): readonly StatusClass[] {
  const answers = routes.flatMap(route => Object.entries(route.statusCounts))
  const names = [...new Set(answers.map(([status]) => classOf(status)))].toSorted()
  return names.map(name => ({
    name,
    count: answers.reduce((sum, [status, count]) => sum + (classOf(status) === name ? count : 0), 0),
    response: merged(routes.flatMap(route => route.responseByStatusClass?.[name] ?? [])),
  }))
}

function classOf(status: string): string {
  return `${status.slice(0, 1)}xx`
}
