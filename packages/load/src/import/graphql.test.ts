/** Which GraphQL requests only read. */
import { describe, expect, it } from 'vitest'
import { graphqlOperation } from './graphql.ts'

describe('graphqlOperation', () => {
  it.each<[string, object, object | undefined]>([
    ['a shorthand query', { query: '{ orders { id } }' }, { kind: 'query', name: '' }],
    [
      'a named query',
      { query: 'query Orders($n: Int) { orders(first: $n) { id } }' },
      { kind: 'query', name: 'Orders' },
    ],
    ['an anonymous query', { query: 'query { a }' }, { kind: 'query', name: '' }],
    ['a mutation', { query: 'mutation Buy { buy(id: 1) { id } }' }, { kind: 'mutation', name: 'Buy' }],
    ['a subscription', { query: 'subscription S { s }' }, { kind: 'subscription', name: 'S' }],
    [
      'fragments around it',
      { query: 'fragment F on Order { id } query Q { a { ...F } } fragment G on X { b }' },
      { kind: 'query', name: 'Q' },
    ],
    [
      'the chosen one of several',
      { query: 'query A { a } mutation B { b }', operationName: 'B' },
      { kind: 'mutation', name: 'B' },
    ],
    ['several, none chosen', { query: 'query A { a } mutation B { b }' }, undefined],
    [
      'keywords in strings, comments and fields',
      { query: '# mutation M\nquery Q { mutation(text: "} mutation X {") { query } }' },
      { kind: 'query', name: 'Q' },
    ],
    ['no query', { text: 'x' }, undefined],
  ])('%s', (_name, body, expected) => {
    expect(graphqlOperation(JSON.stringify(body))).toEqual(expected)
  })

  it('reads nothing from a missing or broken body', () => {
    expect(graphqlOperation(undefined)).toBeUndefined()
    expect(graphqlOperation('{"query":')).toBeUndefined()
    expect(graphqlOperation('[]')).toBeUndefined()
  })
})
