import type { RouteLoad, SerializedHistogram } from '@whetstone/model'
import { Histogram } from '@whetstone/stats'
import { expect, it } from 'vitest'
import { keptLoad } from '../../test/fixtures/load-reports.ts'
import { statusClassesOf } from './status-classes.ts'

const [route] = keptLoad().steps.at(-1)!.routes as readonly [RouteLoad]
const { responseByStatusClass: _own, ...without } = route
const recorded = (...values: readonly number[]): SerializedHistogram => {
  const histogram = new Histogram()
  for (const value of values) histogram.record(value)
  return histogram.toJSON()
}

it('adds the answers of all routes up by class, and their times', () => {
  const list = {
    ...without,
    statusCounts: { 200: 7, 204: 1, 404: 2 },
    responseByStatusClass: { '4xx': recorded(5, 9) },
  }
  const item = { ...without, statusCounts: { 404: 1 }, responseByStatusClass: { '4xx': recorded(12) } }
  const classes = statusClassesOf([list, item])
  expect(classes.map(({ name, count }) => [name, count])).toEqual([
    ['2xx', 8],
    ['4xx', 3],
  ])
  expect(classes[1]!.response).toEqual(recorded(5, 9, 12))
})

it('has no times where an older run kept none', () => {
  expect(statusClassesOf([{ ...without, statusCounts: { 500: 3 } }])).toMatchObject([
    { name: '5xx', count: 3, response: { count: 0 } },
  ])
})
