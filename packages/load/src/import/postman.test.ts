/** Postman collections as the application exports them. */
import { describe, expect, it } from 'vitest'
import { readPostman } from './postman.ts'

const read = (...item: unknown[]) =>
  readPostman({ file: 'shop.json', text: JSON.stringify({ info: { name: 'shop' }, item }) })
const readAll = (collection: object) => readPostman({ file: 'shop.json', text: JSON.stringify(collection) })

describe('readPostman', () => {
  it('reads folders, variables, credentials of the folder, and bodies', () => {
    const { requests, problems } = readAll({
      info: { name: 'shop', schema: 'https://schema.getpostman.com/json/collection/v2.1.0/collection.json' },
      variable: [
        { key: 'baseUrl', value: '{{scheme}}://api.test/v1' },
        { key: 'scheme', value: 'https' },
      ],
      auth: { type: 'bearer', bearer: [{ key: 'token', value: '{{token}}', type: 'string' }] },
      item: [
        {
          name: 'orders',
          item: [
            {
              name: 'one order',
              request: {
                method: 'GET',
                header: [
                  { key: 'Accept', value: 'application/json' },
                  { key: 'X-Off', value: '1', disabled: true },
                ],
                url: { raw: '{{baseUrl}}/orders/:id?full=1', variable: [{ key: 'id', value: '7' }] },
              },
            },
            {
              name: 'new order',
              request: {
                method: 'POST',
                auth: { type: 'noauth' },
                body: { mode: 'raw', raw: '{"sku":"{{sku}}"}', options: { raw: { language: 'json' } } },
                url: { raw: '{{baseUrl}}/orders' },
              },
            },
          ],
        },
        { name: 'ping', request: 'http://api.test/ping' },
        {
          name: 'login',
          request: {
            method: 'POST',
            auth: {
              type: 'basic',
              basic: [
                { key: 'username', value: 'ada' },
                { key: 'password', value: 'x' },
              ],
            },
            body: {
              mode: 'urlencoded',
              urlencoded: [
                { key: 'a b', value: '1&2' },
                { key: 'n', value: '', disabled: true },
              ],
            },
            url: 'https://api.test/login',
          },
        },
      ],
    })
    expect(problems).toEqual([])
    expect(requests).toEqual([
      {
        method: 'GET',
        path: '/v1/orders/7?full=1',
        origin: 'https://api.test',
        headers: { authorization: 'Bearer {{token}}', accept: 'application/json' },
        variables: ['token'],
        name: 'one order',
        group: 'orders',
      },
      {
        method: 'POST',
        path: '/v1/orders',
        origin: 'https://api.test',
        headers: { 'content-type': 'application/json' },
        body: '{"sku":"{{sku}}"}',
        variables: ['sku'],
        name: 'new order',
        group: 'orders',
      },
      {
        method: 'GET',
        path: '/ping',
        origin: 'http://api.test',
        headers: { authorization: 'Bearer {{token}}' },
        variables: ['token'],
        name: 'ping',
      },
      {
        method: 'POST',
        path: '/login',
        origin: 'https://api.test',
        headers: { 'content-type': 'application/x-www-form-urlencoded', authorization: 'Basic YWRhOng=' },
        body: 'a%20b=1%262',
        name: 'login',
      },
    ])
  })

  it('keeps names without a value, and takes a base without one for the service under test', () => {
    const { requests } = read({ request: { url: { raw: '{{base}}/orders/{{order id}}/{{id}}?x={{id}}&y=:z' } } })
    expect(requests).toMatchObject([{ path: '/orders/%7B%7Border%20id%7D%7D/{{id}}?x={{id}}&y=:z', variables: ['id'] }])
    expect(requests[0]).not.toHaveProperty('origin')
  })

  it('fills variables that hold one another no more than a few times', () => {
    const variable = Array.from({ length: 40 }, (_, index) => ({
      key: `v${index}`,
      value: `{{v${index + 1}}}{{v${index + 1}}}`,
    }))
    const { requests } = readAll({ variable, item: [{ request: { url: 'http://a.test/{{v0}}' } }] })
    expect(requests[0]?.path.length).toBeLessThan(1_000)
  })

  it.each<[string, unknown, string]>([
    ['an item without a request', { name: 'x' }, 'no request with a URL'],
    [
      'a file as body',
      { request: { url: 'http://a/b', method: 'POST', body: { mode: 'file' } } },
      'a body of the kind file is not read',
    ],
    [
      'credentials that are computed',
      { request: { url: 'http://a/b', auth: { type: 'awsv4' } } },
      'credentials of the kind awsv4 are not computed',
    ],
    ['another protocol', { request: 'ws://a/b' }, 'not http: ws://a/b'],
  ])('tells of %s', (_name, item, why) => {
    expect(read({ name: 'f', item: [item] }).problems).toEqual([
      expect.objectContaining({ file: 'shop.json', pointer: '/item/0/item/0', why }),
    ])
  })

  it.each([
    ['{', 'not JSON'],
    ['[]', 'not a Postman collection'],
  ])('refuses %s', (text, why) => {
    expect(readPostman({ file: 'x', text }).problems).toEqual([
      { file: 'x', why: expect.stringContaining(why) as string },
    ])
  })
})
