import type { SourceEvidence } from '@whetstone/model'
import { describe, expect, it } from 'vitest'
import { describePractice, outcomeOf } from '../derive/testing/describe-practice.ts'
import { trace, tracesOf } from '../derive/testing/evidence.ts'
import { redMethod } from './red-method.ts'

const traces = tracesOf([trace('GET /orders', 5, []), trace('GET /orders/:id', 2, [])])
const source = (dependency: string): SourceEvidence => ({
  schema: 'source@1',
  root: '/app',
  dependencies: { express: '4.0.0', [dependency]: '1.0.0' },
  excerpts: {},
})
const manyNames = tracesOf(
  Array.from({ length: 501 }, (_, id) => trace(`GET /orders/${id}`, 5, [])),
  {},
  { source: 'otlp' },
)

describePractice(redMethod, {
  silent: {
    'nothing was followed': { traces: tracesOf([]) },
    'nothing records requests': { traces },
    'a metrics library': { traces, source: source('prom-client') },
    'traces of its own': { traces: { ...traces, source: 'otlp' } },
    'a name for every URL': { traces: manyNames },
  },
  reports: {},
})

describe('its row of the coverage', () => {
  it.each(['prom-client', 'dd-trace', '@opentelemetry/sdk-node'])('passes with %s', name => {
    expect(outcomeOf(redMethod, { traces, source: source(name) })).toMatchObject({
      kind: 'pass',
      note: `${name} is among its dependencies`,
    })
  })

  it('asks where nothing is seen that records requests', () => {
    expect(outcomeOf(redMethod, { traces, source: source('promise-client') })).toMatchObject({
      kind: 'ask',
      facts: [{ label: 'routes told apart in this run', quantity: { value: 2, unit: 'count' } }],
    })
  })

  it('asks about a name for every URL', () => {
    expect(outcomeOf(redMethod, { traces: manyNames })).toMatchObject({
      kind: 'ask',
      question: 'Its traces name 501 routes: are whole URLs used as names?',
    })
  })
})
