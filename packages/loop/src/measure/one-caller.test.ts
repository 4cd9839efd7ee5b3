import type { TracesEvidence, Workload } from '@whetstone/model'
import { expect, test } from 'vitest'
import { ofOneCaller } from './one-caller.ts'

const traces = {
  ...({ schema: 'traces@1', source: 'probe', traces: [], dropped: 0 } as const),
  routes: [{ route: 'GET /users/:who' }, { route: 'GET /me' }] as unknown as TracesEvidence['routes'],
} satisfies TracesEvidence
const asked = (byRoute: Readonly<Record<string, readonly Record<string, string>[]>>): Workload => ({
  routes: Object.entries(byRoute).map(([route, headers]) => ({
    route,
    weight: 1,
    requests: headers.map(own => ({ method: 'GET', path: '/', headers: own })),
  })),
  skipped: [],
})
const ann = { authorization: 'Bearer a' }
const bob = { authorization: 'Bearer b' }

test('a route that one token asks is of one caller, beside one that everybody asks', () =>
  expect(ofOneCaller(traces, asked({ 'GET /me': [ann, ann], 'GET /top': [{}] })).oneCaller).toEqual(['GET /me']))

test('with one token in all requests every route is, by the name that the service gives it', () =>
  expect(ofOneCaller(traces, asked({ 'GET /users/me': [ann], 'GET /me': [ann] })).oneCaller).toEqual([
    'GET /users/:who',
    'GET /me',
  ]))

test.each([
  ['two tokens ask', asked({ 'GET /me': [ann, bob] })],
  ['some ask without a token', asked({ 'GET /me': [ann, {}] })],
  ['nobody says who asks', asked({ 'GET /me': [{}] })],
  ['nothing is known of the requests', asked({ 'GET /me': [] })],
])('a route is not when %s', (_, workload) => expect(ofOneCaller(traces, workload)).toBe(traces))
