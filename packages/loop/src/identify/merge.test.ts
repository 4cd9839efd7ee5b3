import type { Finding } from '@whetstone/model'
import { describe, expect, test } from 'vitest'
import { mergeFindings } from './merge.ts'

const finding = (practice: string, where: Finding['where'], more: Partial<Finding> = {}): Finding => ({
  fingerprint: `${practice} ${JSON.stringify(where)}`,
  practice,
  title: practice,
  where,
  facts: [],
  confidence: 'strong',
  remedy: { summary: 'do it', steps: [] },
  ...more,
})
const faster: Partial<Finding> = {
  edit: { kind: 'demand', resource: 'app-cpu', removeMsPerRequest: 5, blocking: true },
}
const smaller: Partial<Finding> = { edit: { kind: 'bytes', route: 'GET /orders', bytesBefore: 9, bytesAfter: 1 } }
const cached: Partial<Finding> = {
  edit: {
    kind: 'trace',
    change: { kind: 'cache', statementId: 's1', hitFraction: 1, coldHitFraction: 1 },
    route: 'GET /orders',
  },
}
const merged = (...findings: Finding[]) =>
  mergeFindings(findings).map(({ practice, also }) => [practice, ...also.map(other => other.practice)])

describe('findings about one cause become one', () => {
  const statement = { route: 'GET /orders', statementId: 's1' }
  test.each<[string, Finding[], string[][]]>([
    [
      'a slow statement is headed by what makes it slow',
      [finding('slow-queries', statement), finding('missing-index', statement)],
      [['missing-index', 'slow-queries']],
    ],
    [
      'a slow route is headed by a cause on that route',
      [finding('response-time-target', { route: 'GET /orders' }), finding('n-plus-one', statement)],
      [['n-plus-one', 'response-time-target']],
    ],
    [
      'one cache is proposed for a read, also where no line of code is known',
      [finding('db-caching-layer', statement, cached), finding('cache-aside', statement, cached)],
      [['db-caching-layer', 'cache-aside']],
    ],
    [
      'a cache gives way to what makes the same route faster',
      [finding('http-cache-headers', { route: 'GET /orders' }), finding('n-plus-one', statement, faster)],
      [['n-plus-one', 'http-cache-headers']],
    ],
  ])('%s', (_, findings, expected) => expect(merged(...findings)).toEqual(expected))
})

describe('findings about two causes stay two', () => {
  test.each<[string, Finding[]]>([
    [
      'statements of different ids',
      [
        finding('missing-index', { route: 'GET /a', statementId: 's1' }),
        finding('slow-queries', { route: 'GET /a', statementId: 's2' }),
      ],
    ],
    [
      'routes of different names',
      [
        finding('response-time-target', { route: 'GET /a' }),
        finding('n-plus-one', { route: 'GET /b', statementId: 's1' }),
      ],
    ],
    [
      'a cache beside an answer that could be smaller, which is still made for everybody',
      [
        finding('http-cache-headers', { route: 'GET /orders' }),
        finding('response-compression', { route: 'GET /orders' }, smaller),
      ],
    ],
    [
      'two things to do to the keys of a cache, which load by the same statement',
      [
        finding('ttl', { route: 'GET /orders', resource: 'order:{n}' }, cached),
        finding('cache-stampede', { route: 'GET /orders', resource: 'order:{n}' }, cached),
      ],
    ],
    [
      'a cache beside a cause on another route',
      [finding('http-cache-headers', { route: 'GET /a' }), finding('n-plus-one', { route: 'GET /b' }, faster)],
    ],
  ])('%s', (_, findings) => expect(merged(...findings)).toEqual(findings.map(({ practice }) => [practice])))
})

test('keeps the order it was given', () => {
  const findings = ['b', 'a', 'c'].map(id => finding(id, { route: `GET /${id}`, statementId: id }))
  expect(merged(...findings)).toEqual([['b'], ['a'], ['c']])
})
