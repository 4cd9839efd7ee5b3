/** Which route a load was refused on, and what is said of it. */
import { expect, it } from 'vitest'
import type { LoadStep } from '@whetstone/model'
import { adviceOn, refusalOf } from './load-refused.ts'

const step = (purpose: LoadStep['purpose'], routes: Readonly<Record<string, Readonly<Record<string, number>>>>) =>
  ({
    purpose,
    routes: Object.entries(routes).map(([route, statusCounts]) => ({ route, statusCounts })),
  }) as unknown as LoadStep
const failures = ['GET /gone answered 404 to all 9 requests']

it('a route that answered only 4xx is told, with where to look', () => {
  const refusal = refusalOf({ steps: [step('measure', { 'GET /': { 200: 9 }, 'GET /gone': { 404: 9 } })], failures })
  expect(refusal).toEqual({ route: 'GET /gone', status: 404 })
  expect(adviceOn(refusal!)).toContain('the path and the method')
  expect([401, 429, 422].map(status => adviceOn({ route: 'GET /', status }).split(':')[0])).toEqual([
    'it wants to know who asks',
    'it limits its callers',
    'it does not take the request as it is',
  ])
})

it('a route is not refused that answered well in another step, failed by itself, or was not measured', () => {
  const well = [step('curve', { 'GET /': { 404: 2 } }), step('curve', { 'GET /': { 200: 2 } })]
  expect(refusalOf({ steps: well, failures })).toBeUndefined()
  expect(refusalOf({ steps: [step('measure', { 'GET /': { 503: 2 } })], failures })).toBeUndefined()
  expect(refusalOf({ steps: [step('warm-up', { 'GET /': { 404: 2 } })], failures })).toBeUndefined()
  expect(refusalOf({ steps: [step('measure', { 'GET /': { 404: 2 } })], failures: [] })).toBeUndefined()
})
