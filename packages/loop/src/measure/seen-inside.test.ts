import { describe, expect, it } from 'vitest'
import type { RouteAggregate, Statement, StatementUse, Trace } from '@whetstone/model'
import { type ProbedEvidence, seenInside, type TracedEvidence } from './seen-inside.ts'

/** One request a route, in which one statement of the same name runs. */
function traced(source: 'probe' | 'otlp', ...routes: readonly string[]): TracedEvidence {
  const statementId = (route: string) => `statement of ${route}`
  return {
    traces: {
      schema: 'traces@1',
      source,
      routes: routes.map(route => ({ route, requests: 1 }) as RouteAggregate),
      traces: routes.map(route => ({ id: `${source} ${route}`, route }) as Trace),
      dropped: 1,
    },
    statements: {
      schema: 'statements@1',
      statements: routes.map(route => ({ id: statementId(route), text: source }) as Statement),
      uses: routes.map(route => ({ route, statementId: statementId(route) }) as StatementUse),
      overflowed: 0,
    },
  }
}

function probed(processes: number, ...routes: readonly string[]): ProbedEvidence {
  return {
    ...traced('probe', ...routes),
    runtime: {
      schema: 'runtime@1',
      processes: Array.from({ length: processes }, (_, pid) => ({ pid, node: 'v20', samples: [], pools: [] })),
      syncCalls: [],
    },
    'cpu-profile': { schema: 'cpu-profile@1', profiles: [] },
  }
}

describe('what was seen inside the service', () => {
  it.each([
    ['nothing when nobody looked', undefined, undefined, [], undefined],
    ['nothing of a program that the probe cannot enter', probed(0), undefined, [], undefined],
    ['no traces of a process whose requests the probe does not see', probed(1), undefined, ['runtime'], undefined],
    [
      'the spans of a program that the probe cannot enter',
      probed(0),
      traced('otlp', 'GET /'),
      ['statements', 'traces'],
      'otlp',
    ],
    [
      'the spans of a service behind a wrapper that is Node',
      probed(1),
      traced('otlp', 'GET /'),
      ['runtime', 'statements', 'traces'],
      'otlp',
    ],
    [
      'the probe alone when no span came',
      probed(1, 'GET /'),
      traced('otlp'),
      ['runtime', 'statements', 'traces'],
      'probe',
    ],
    ['both', probed(1, 'GET /'), traced('otlp', 'GET /b'), ['runtime', 'statements', 'traces'], 'both'],
  ])('is %s', (_, probe, otlp, kinds, source) => {
    const seen = seenInside(probe, otlp)
    expect(Object.keys(seen).toSorted()).toEqual(kinds)
    expect(seen.traces?.source).toBe(source)
  })

  it('takes a route that both saw from the probe alone', () => {
    const { traces, statements } = seenInside(probed(1, 'GET /a', 'GET /b'), traced('otlp', 'GET /b', 'GET /c'))
    expect(traces?.traces.map(({ id }) => id)).toEqual(['probe GET /a', 'probe GET /b', 'otlp GET /c'])
    expect(traces?.routes.map(({ route }) => route)).toEqual(['GET /a', 'GET /b', 'GET /c'])
    expect(traces?.dropped).toBe(2)
    expect(statements?.uses.map(({ route }) => route)).toEqual(['GET /a', 'GET /b', 'GET /c'])
    expect(statements?.statements.map(({ id, text }) => `${id} by ${text}`)).toEqual([
      'statement of GET /a by probe',
      'statement of GET /b by probe',
      'statement of GET /c by otlp',
    ])
  })
})
