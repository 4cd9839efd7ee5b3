import { describe, expect, it } from 'vitest'
import { describePractice, outcomeOf } from '../derive/testing/describe-practice.ts'
import { query, times, trace, tracesOf } from '../derive/testing/evidence.ts'
import { criticalPaths } from './critical-paths.ts'

const orders = times(40, trace('GET /orders', 100, [query('a', 10, 80), query('b', 10, 30)]))
const health = times(40, trace('GET /health', 2, []))
const items = times(40, trace('GET /items', 60, [query('a', 10, 20)]))

describePractice(criticalPaths, {
  silent: {
    'nothing was traced': { traces: tracesOf([]) },
    'one route': { traces: tracesOf(orders) },
    'calls one after another': { traces: tracesOf(items) },
    'calls beside the path, which cost nothing that is waited for': { traces: tracesOf([...orders, ...health]) },
  },
  reports: {},
})

describe('its row of the coverage', () => {
  it('lists routes until half of the time is told, with what their path is made of', () => {
    expect(outcomeOf(criticalPaths, { traces: tracesOf([...health, ...items, ...orders]) })).toMatchObject({
      kind: 'pass',
      because: [{ label: 'time in GET /orders' }],
      note: 'GET /orders carries 62 % of the time, 80 % of its path is the database, 27 % of its calls run beside it',
    })
    expect(
      outcomeOf(criticalPaths, { traces: tracesOf([...items, ...times(45, trace('GET /b', 59, []))]) }),
    ).toMatchObject({
      because: [{ label: 'time in GET /b' }],
      note: 'GET /b carries 53 % of the time, 100 % of its path is the service itself',
    })
  })
})
