/** What a scenario checks in the answers and takes from them, against a real server. */
import { afterEach, describe, expect, it } from 'vitest'
import { check, contains, json, matches } from './check.ts'
import { get } from './define.ts'
import { cookie, header, jsonPath, regex, status } from './extract.ts'
import type { Shop } from './testing/shop.ts'
import { answerJson, startShop } from './testing/shop.ts'
import { driveSteps } from './testing/steps.ts'

let shop: Shop

afterEach(() => shop?.close())

describe('checks', () => {
  it('counts each by name, and goes on after a failed one', async () => {
    shop = await startShop((_seen, response) => answerJson(response, { total: 3, items: [{ id: 'a' }] }))
    const driven = await driveSteps(shop.target, [
      get('/items', {
        expect: {
          status: 200,
          body: [contains('"total":3'), matches(/"id":"b"/g), json('$.total', 3), json('$.items[0]', { id: 'a' })],
          header: { 'content-type': contains('json'), 'x-none': 'a', connection: /close/ },
          below: '5s',
          checks: [
            check(
              'one item',
              json('$.items', (items: unknown[]) => items.length === 1),
            ),
            check('stumbles', answer => answer.json().nothing.here),
            check('own', (answer, user) => answer.status === 200 && user.arrival === 0),
          ],
        },
      }),
      get('/again', { expect: { status: '4xx' } }),
      get('/list', { expect: { status: [200, 204] } }),
    ])
    expect(driven.checks).toEqual({
      'status 200': [1, 0],
      'body contains "total":3': [1, 0],
      'body matches /"id":"b"/g': [0, 1],
      'body $.total is 3': [1, 0],
      'body $.items[0] is {"id":"a"}': [1, 0],
      'content-type contains json': [1, 0],
      'x-none is a': [0, 1],
      'connection matches /close/': [1, 0],
      'below 5s': [1, 0],
      'one item': [1, 0],
      stumbles: [0, 1],
      own: [1, 0],
      'status 4xx': [0, 1],
      'status 200 or 204': [1, 0],
    })
    expect(shop.seen).toHaveLength(3)
  })

  it('ends the flow where orStop asks for it', async () => {
    shop = await startShop()
    const driven = await driveSteps(shop.target, [get('/a', { expect: { status: 201, orStop: true } }), get('/b')])
    expect(driven.checks).toEqual({ 'status 201': [0, 1] })
    expect(shop.seen).toHaveLength(1)
  })

  it('reads compressed bodies', async () => {
    const { gzipSync } = await import('node:zlib')
    shop = await startShop((_seen, response) => {
      response.setHeader('content-encoding', 'gzip')
      response.end(gzipSync('{"id":"x"}'))
    })
    const driven = await driveSteps(shop.target, [get('/z', { expect: { body: json('$.id', 'x') } })])
    expect(driven.checks).toEqual({ 'body $.id is "x"': [1, 0] })
  })
})

describe('extract', () => {
  it('takes values from body, header, cookie and status for later steps', async () => {
    shop = await startShop((seen, response) =>
      seen.url === '/first'
        ? answerJson(response, [{ id: 'a-1' }, { id: 'b-2' }], {
            location: '/orders/9',
            'set-cookie': 'sid=s3; Path=/',
          })
        : response.end(),
    )
    await driveSteps(shop.target, [
      get('/first', {
        extract: {
          id: jsonPath('$[0].id'),
          last: jsonPath('$[-1].id'),
          digit: regex(/"b-(\d)"/),
          whole: regex(/b-\d/),
          next: header('Location'),
          session: cookie('sid'),
          code: status(),
          own: answer => answer.json().length,
          missing: jsonPath('$[7].id', { otherwise: 'none' }),
        },
      }),
      get('/{id}/{last}/{digit}/{whole}/{session}/{code}/{own}/{missing}'),
      get('{+next}'),
    ])
    expect(shop.seen.map(({ url }) => url)).toEqual(['/first', '/a-1/b-2/2/b-2/s3/200/2/none', '/orders/9'])
  })

  it('draws an element of a list by the number of the user', async () => {
    const ids = Array.from({ length: 50 }, (_, id) => ({ id }))
    shop = await startShop((seen, response) => answerJson(response, seen.url === '/list' ? ids : {}))
    const steps = [get('/list', { extract: { one: jsonPath('$[*].id') } }), get('/item/{one}')]
    await driveSteps(shop.target, steps, {}, [1, 2, 3, 4, 5])
    const first = shop.seen.splice(0).map(({ url }) => url)
    await driveSteps(shop.target, steps, {}, [1, 2, 3, 4, 5])
    expect(shop.seen.map(({ url }) => url)).toEqual(first)
    expect(new Set(first).size).toBeGreaterThan(4)
  })

  it('counts a value that is not there as a failed check and ends the flow', async () => {
    shop = await startShop()
    const driven = await driveSteps(shop.target, [get('/a', { extract: { id: jsonPath('$.id') } }), get('/b/{id}')])
    expect(driven.checks).toEqual({ 'finds {id}': [0, 1] })
    expect(shop.seen).toHaveLength(1)
  })
})
