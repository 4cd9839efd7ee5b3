import type { HttpAnswer, HttpProbe } from '@whetstone/model'
import { expect } from 'vitest'
import { describePractice } from '../derive/testing/describe-practice.ts'
import { httpProbe, httpProbesOf, siteAt, statement, statementsOf, use } from '../derive/testing/evidence.ts'
import { apiPagination } from './api-pagination.ts'

const list = (items: number, bodyBytes: number, more: Partial<HttpAnswer> = {}): Partial<HttpAnswer> => ({
  bodyBytes,
  wireBytes: bodyBytes,
  json: { kind: 'array', items, keys: ['id', 'name'] },
  ...more,
})
const whole = list(3_000, 240_000)
const withQuery = (
  parameters: Record<string, string>,
  more: Partial<HttpAnswer>,
  route = 'GET /products',
): HttpProbe => ({
  ...httpProbe(route, more),
  url: '/products?x',
  variation: { kind: 'query', parameters },
})
const everyName = expect.objectContaining({ limit: '1', per_page: '1', first: '1', _limit: '1' }) as unknown as Record<
  string,
  string
>
const allNames = Object.fromEntries(
  [
    'limit',
    'per_page',
    'perPage',
    'page_size',
    'pageSize',
    'size',
    'first',
    'take',
    'top',
    'count',
    '_limit',
    '$top',
    'page[size]',
  ].map(name => [name, '1']),
)
const others = ['_limit', 'per_page']
const asked = (plain: Partial<HttpAnswer>, alone: Partial<HttpAnswer>, all: Partial<HttpAnswer>) => ({
  'http-probe': httpProbesOf(
    httpProbe('GET /products', plain),
    withQuery({ limit: '1' }, alone),
    withQuery(allNames, all),
  ),
})
/** A service that takes most parameters for fields to filter by. */
const filtering = (plain: Partial<HttpAnswer>, honoured: string | undefined) => ({
  'http-probe': httpProbesOf(
    httpProbe('GET /products', plain),
    withQuery({ limit: '1' }, list(0, 2)),
    withQuery(allNames, list(0, 2)),
    ...others.map(name => withQuery({ [name]: '1' }, name === honoured ? list(1, 80) : list(0, 2))),
  ),
})

describePractice(apiPagination, {
  silent: {
    'a page of twenty': { 'http-probe': httpProbesOf(httpProbe('GET /products', list(20, 4_000))) },
    'a hundred items is a page': { 'http-probe': httpProbesOf(httpProbe('GET /products', list(100, 90_000))) },
    'many tiny items': { 'http-probe': httpProbesOf(httpProbe('GET /countries', list(249, 9_000))) },
    'a page of forty heavy items': { 'http-probe': httpProbesOf(httpProbe('GET /products', list(40, 800_000))) },
    'an object': {
      'http-probe': httpProbesOf(httpProbe('GET /me', { json: { kind: 'object', keys: ['id'] }, bodyBytes: 400_000 })),
    },
    'a page of a thousand that was asked for': {
      'http-probe': httpProbesOf({
        ...httpProbe('GET /products', list(1_000, 200_000)),
        url: 'http://127.0.0.1:3000/products?limit=1000',
      }),
    },
    'a link to the next page': {
      'http-probe': httpProbesOf(
        httpProbe(
          'GET /products',
          list(1_000, 200_000, {
            headers: { 'content-type': 'application/json', link: '</products?page=2>; rel="next"' },
          }),
        ),
      ),
    },
    'limit is honoured': asked(whole, list(1, 80), list(1, 80)),
    'a limit of another name is honoured': asked(whole, whole, list(1, 80)),
    'a long list, where every parameter is a field to filter by: nothing is known of its pages': filtering(
      whole,
      undefined,
    ),
    'a long list of less than a thousand by default, with pages for those who ask': filtering(
      list(900, 400_000),
      '_limit',
    ),
    'unknown parameters are refused': asked(whole, { statusCode: 400 }, { statusCode: 400 }),
    'an export as CSV': {
      'http-probe': httpProbesOf(httpProbe('GET /export', { bodyBytes: 5e6, headers: { 'content-type': 'text/csv' } })),
    },
    'an error with a long list of messages': {
      'http-probe': httpProbesOf(httpProbe('GET /products', { ...whole, statusCode: 500 })),
    },
    'nothing probed': { 'http-probe': httpProbesOf() },
  },
  reports: {
    'a long list is first asked for with a limit': {
      evidence: { 'http-probe': httpProbesOf(httpProbe('GET /products', whole)) },
      asks: [
        { kind: 'http-probe', route: 'GET /products', variation: { kind: 'query', parameters: { limit: '1' } } },
        { kind: 'http-probe', route: 'GET /products', variation: { kind: 'query', parameters: everyName } },
        ...others.map(name => ({
          kind: 'http-probe' as const,
          route: 'GET /products',
          variation: { kind: 'query' as const, parameters: { [name]: '1' } },
        })),
      ],
    },
    'ten thousand items for whoever asks for no page': {
      evidence: filtering(list(10_000, 2_400_000), '_limit'),
      finds: [
        expect.objectContaining({
          title: 'all 10,000 items in one answer of 2.4 MB; a page only for those who ask with _limit',
          where: { route: 'GET /products' },
        }),
      ],
    },
    'no limit is honoured': {
      evidence: asked(whole, whole, whole),
      finds: [
        {
          fingerprint: 'api-pagination|GET /products||',
          practice: 'api-pagination',
          title: 'all 3,000 items in one answer of 240 kB; limit=1 changes nothing',
          where: { route: 'GET /products' },
          facts: [
            {
              label: 'items in one answer',
              quantity: { value: 3_000, unit: 'count' },
              evidence: { kind: 'http-probe' },
            },
            { label: 'body', quantity: { value: 240_000, unit: 'bytes' }, evidence: { kind: 'http-probe' } },
            { label: 'one item', quantity: { value: 80, unit: 'bytes' }, evidence: { kind: 'http-probe' } },
          ],
          confidence: 'measured',
          edit: { kind: 'bytes', route: 'GET /products', bytesBefore: 240_000, bytesAfter: 4_000 },
          remedy: {
            summary: 'Answer a page of 50, and the key of the next.',
            steps: expect.arrayContaining([expect.stringContaining('not by OFFSET')]),
            code: { language: 'ts', after: expect.stringContaining('limit + 1') },
          },
        },
      ],
    },
    'one parameter refused, the other ignored, and the statement known': {
      evidence: {
        ...asked(list(80, 800_000), list(80, 800_000), { statusCode: 422 }),
        statements: statementsOf(
          [
            statement('all', 'SELECT * FROM products', { tables: ['products'] }),
            statement('one', 'SELECT * FROM users WHERE id = $1', { tables: ['users'] }),
          ],
          [
            use('GET /products', 'all', 10, 100, { rows: 800, site: siteAt(9) }),
            use('GET /products', 'one', 10, 1, { rows: 10 }),
          ],
        ),
      },
      finds: [
        expect.objectContaining({
          where: { route: 'GET /products', statementId: 'all', site: siteAt(9) },
          edit: { kind: 'bytes', route: 'GET /products', bytesBefore: 800_000, bytesAfter: 500_000 },
        }),
      ],
    },
  },
})
