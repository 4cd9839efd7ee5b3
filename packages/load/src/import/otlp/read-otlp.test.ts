/** Trace files as the collector and the SDKs write them. */
import protobuf from 'protobufjs'
import { describe, expect, it } from 'vitest'
import { readOtlp } from './read-otlp.ts'
import { traceDescriptor } from './trace-descriptor.ts'

type Attributes = Readonly<Record<string, string | number>>
const attributesOf = (given: Attributes) =>
  Object.entries(given).map(([key, value]) => ({
    key,
    value: typeof value === 'string' ? { stringValue: value } : { intValue: value },
  }))
const span = (attributes: Attributes, more: object = {}) => ({
  traceId: '0af7651916cd43dd8448eb211c80319c',
  spanId: 'b7ad6b7169203331',
  name: 'GET',
  kind: 2,
  startTimeUnixNano: '1700000000000000000',
  endTimeUnixNano: '1700000000250000000',
  attributes: attributesOf(attributes),
  ...more,
})
const exported = (spans: object[], service = 'shop') => ({
  resourceSpans: [{ resource: { attributes: attributesOf({ 'service.name': service }) }, scopeSpans: [{ spans }] }],
})
const read = (text: string | Uint8Array) =>
  readOtlp({ file: 'traces.json', bytes: typeof text === 'string' ? Buffer.from(text) : text })
const get = (path: string, more: Attributes = {}) => span({ 'http.request.method': 'GET', 'url.path': path, ...more })

describe('readOtlp', () => {
  it.each<[string, object, object]>([
    [
      'the conventions of today',
      get('/orders/7', { 'url.query': 'full=1', 'http.route': '/orders/{id}', 'http.response.status_code': 200 }),
      { method: 'GET', path: '/orders/7?full=1', pattern: '/orders/:id', atMs: 1.7e12, durationMs: 250 },
    ],
    [
      'those of yesterday',
      span({ 'http.method': 'POST', 'http.target': '/search?q=a', 'http.status_code': 201 }),
      { method: 'POST', path: '/search?q=a' },
    ],
    ['a whole URL', span({ 'http.method': 'GET', 'http.url': 'http://shop:80/a?b=1' }), { path: '/a?b=1' }],
    ['a route without parameters', span({ 'http.method': 'GET', 'http.route': 'health' }), { path: '/health' }],
  ])('reads %s', (_name, one, expected) => {
    const { requests, unreadable } = read(JSON.stringify(exported([one])))
    expect(unreadable).toBe(0)
    expect(requests).toEqual([expect.objectContaining(expected)])
  })

  it('takes requests the service answered, and counts what it leaves out', () => {
    const spans = [
      get('/a'),
      span({ 'http.request.method': 'GET', 'url.path': '/elsewhere' }, { kind: 3 }),
      get('/gone', { 'http.response.status_code': 404 }),
      span({ 'http.method': 'GET', 'http.route': '/orders/:id' }),
    ]
    const other = exported([get('/x')], 'mail')
    const { requests, leftOut } = read(`${JSON.stringify(exported(spans))}\n${JSON.stringify(other)}\n`)
    expect(requests.map(({ path }) => path)).toEqual(['/a'])
    expect(leftOut.map(({ why }) => why)).toEqual([
      'left out 1 request to other services than shop (mail)',
      'left out 1 request answered with 4xx or 5xx',
      'left out 1 request to GET /orders/:id: the span carries no path',
    ])
  })

  it('reads protobuf, alone and with lengths before the messages', () => {
    const type = protobuf.Root.fromJSON(traceDescriptor).lookupType('ExportTraceServiceRequest')
    const binary = {
      resourceSpans: [
        {
          scopeSpans: [
            {
              spans: [
                {
                  traceId: Buffer.alloc(16, 1),
                  spanId: Buffer.alloc(8, 2),
                  kind: 2,
                  startTimeUnixNano: 1,
                  endTimeUnixNano: 2,
                  attributes: attributesOf({ 'http.request.method': 'GET', 'url.path': '/b' }),
                },
              ],
            },
          ],
        },
      ],
    }
    const message = type.encode(type.fromObject(binary)).finish()
    const length = Buffer.alloc(4)
    length.writeUInt32BE(message.length)
    expect(read(message).requests.map(({ path }) => path)).toEqual(['/b'])
    expect(read(Buffer.concat([length, message, length, message])).requests).toHaveLength(2)
  })

  it('tells the line of what is no export, and of spans without times', () => {
    const broken = exported([span({ 'http.method': 'GET' }, { startTimeUnixNano: undefined })])
    const { problems, requests } = read(
      `${JSON.stringify(exported([get('/a')]))}\n{"resourceSpans":1}\n${JSON.stringify(broken)}`,
    )
    expect(requests).toHaveLength(1)
    expect(problems).toMatchObject([
      { line: 2, why: expect.stringContaining('not an OTLP export') as string },
      { line: 3, why: 'a span without ids or times' },
    ])
  })
})
