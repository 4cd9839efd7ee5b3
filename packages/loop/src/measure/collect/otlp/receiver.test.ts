import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import http from 'node:http'
import { createRequire } from 'node:module'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import zlib from 'node:zlib'
import { normaliseStatement, statementId } from '@whetstone/probe/statement-text'
import { startPostgres, type PostgresServer } from '@whetstone/sandbox'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { startOtlpReceiver, type OtlpReceiver } from './receiver.ts'

const open: { close(): Promise<void> }[] = []
afterEach(async () => {
  vi.useRealTimers()
  for (const receiver of open.splice(0)) await receiver.close()
})
async function start(options: Partial<Parameters<typeof startOtlpReceiver>[0]> = {}): Promise<OtlpReceiver> {
  const receiver = await startOtlpReceiver({ port: 0, ...options })
  open.push(receiver)
  return receiver
}

const jsonSpan = (over: Record<string, unknown>): Record<string, unknown> => ({
  traceId: '0af7651916cd43dd8448eb211c80319c',
  startTimeUnixNano: '1700000000000000000',
  endTimeUnixNano: '1700000000010000000',
  ...over,
})
const attributes = (values: Record<string, string | number>): unknown[] =>
  Object.entries(values).map(([key, value]) => ({
    key,
    value: typeof value === 'number' ? { intValue: String(value) } : { stringValue: value },
  }))
const exported = (spans: unknown[]): string =>
  JSON.stringify({ resourceSpans: [{ resource: {}, scopeSpans: [{ scope: { name: 'test' }, spans }] }] })

const post = (receiver: OtlpReceiver, body: string | Buffer, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(`${receiver.endpoint}/v1/traces`, {
    method: 'POST',
    body: typeof body === 'string' ? body : new Uint8Array(body),
    headers: { 'content-type': 'application/json', ...headers },
  })

describe('the endpoint', () => {
  test('reads old and new names for the same things', async () => {
    const receiver = await start()
    const root = { spanId: '00f067aa0ba902b7', kind: 2, name: 'GET' }
    const query = { spanId: '00f067aa0ba902b8', parentSpanId: root.spanId, kind: 3, name: 'q' }
    const older = [
      jsonSpan({
        ...root,
        attributes: attributes({ 'http.method': 'GET', 'http.target': '/orders/42?x=1', 'http.status_code': 200 }),
      }),
      jsonSpan({
        ...query,
        attributes: attributes({
          'db.system': 'postgresql',
          'db.statement': 'SELECT * FROM orders WHERE id = 42;',
          'code.filepath': '/app/orders.py',
          'code.lineno': 17,
          'code.function': 'load',
        }),
      }),
    ]
    const newer = [
      jsonSpan({
        ...root,
        attributes: attributes({
          'http.request.method': 'GET',
          'url.path': '/orders/43',
          'http.response.status_code': 200,
        }),
      }),
      jsonSpan({
        ...query,
        attributes: attributes({
          'db.system.name': 'postgresql',
          'db.query.text': 'SELECT * FROM orders WHERE id = $1',
          'code.file.path': '/app/orders.py',
          'code.line.number': 17,
          'code.function.name': 'load',
        }),
      }),
    ].map(span => ({ ...span, traceId: '1af7651916cd43dd8448eb211c80319c' }))
    expect((await post(receiver, exported(older))).status).toBe(200)
    expect((await post(receiver, exported(newer))).status).toBe(200)
    const { traces, statements } = receiver.evidence()
    expect(traces.routes.map(({ route, requests }) => ({ route, requests }))).toEqual([
      { route: 'GET /orders/:id', requests: 2 },
    ])
    expect(statements.statements.map(({ text }) => text)).toEqual(['SELECT * FROM orders WHERE id = $1'])
    expect(statements.uses).toMatchObject([
      {
        route: 'GET /orders/:id',
        calls: 2,
        requests: 2,
        site: [{ file: '/app/orders.py', line: 17, column: 1, function: 'load' }],
      },
    ])
    expect(traces.traces[0]!.spans[0]).toMatchObject({ kind: 'query', durationMs: 10, startMs: 0 })
    expect(traces.traces[0]!.durationMs).toBe(10)
  })

  test('waits for a root that comes in a later batch, and releases it by itself when the trace is quiet', async () => {
    // Only the clock that the receiver looks at: sockets keep their own.
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] })
    const receiver = await start({ settleMs: 2_000 })
    const child = jsonSpan({
      spanId: 'b000000000000002',
      parentSpanId: 'b000000000000001',
      kind: 3,
      attributes: attributes({ 'db.system': 'postgresql', 'db.statement': 'SELECT 1' }),
    })
    await post(receiver, exported([child]))
    expect(receiver.requests).toBe(0)
    const root = jsonSpan({
      spanId: 'b000000000000001',
      kind: 2,
      attributes: attributes({ 'http.request.method': 'GET', 'http.route': '/a' }),
    })
    await post(receiver, exported([root]))
    vi.advanceTimersByTime(1_900)
    expect(receiver.requests).toBe(0)
    vi.advanceTimersByTime(600)
    expect(receiver.requests).toBe(1)
    expect(receiver.evidence().traces.routes).toMatchObject([{ route: 'GET /a', requests: 1, databaseMs: 10 }])
  })

  test('counts statements outside requests as background, and 5xx as errors', async () => {
    const receiver = await start()
    const job = jsonSpan({
      spanId: 'c000000000000001',
      kind: 3,
      attributes: attributes({ 'db.system': 'postgresql', 'db.statement': 'SELECT 1' }),
    })
    const failed = jsonSpan({
      traceId: 'aa',
      spanId: 'c000000000000002',
      kind: 2,
      attributes: attributes({ 'http.method': 'GET', 'http.route': '/b', 'http.status_code': 503 }),
    })
    await post(receiver, exported([job, failed]))
    const { traces, statements } = receiver.evidence()
    expect(statements.uses).toMatchObject([{ route: '', calls: 1, requests: 0 }])
    expect(traces.routes).toMatchObject([{ route: 'GET /b', requests: 1, errors: 1 }])
  })

  test('forgets the warm-up on reset', async () => {
    const receiver = await start()
    await post(
      receiver,
      exported([
        jsonSpan({ spanId: 'd1', kind: 2, attributes: attributes({ 'http.method': 'GET', 'http.route': '/c' }) }),
      ]),
    )
    receiver.reset()
    expect(receiver.evidence().traces.routes).toEqual([])
  })

  test('answers garbage, wrong methods, unknown paths and bombs without falling over', async () => {
    const receiver = await start()
    expect((await post(receiver, '{"resourceSpans": 3}')).status).toBe(400)
    expect((await post(receiver, 'not json')).status).toBe(400)
    expect((await post(receiver, 'not gzip', { 'content-encoding': 'gzip' })).status).toBe(400)
    expect(
      (await post(receiver, Buffer.from([7, 255, 255]), { 'content-type': 'application/x-protobuf' })).status,
    ).toBe(400)
    expect((await post(receiver, zlib.gzipSync(Buffer.alloc(40_000_000)), { 'content-encoding': 'gzip' })).status).toBe(
      400,
    )
    expect((await post(receiver, 'x', { 'content-encoding': 'zstd' })).status).toBe(415)
    expect((await fetch(`${receiver.endpoint}/v1/traces`)).status).toBe(405)
    expect((await fetch(`${receiver.endpoint}/v1/metrics`, { method: 'POST', body: 'x' })).status).toBe(200)
    expect((await fetch(`${receiver.endpoint}/else`, { method: 'POST', body: 'x' })).status).toBe(404)
    expect((await post(receiver, exported([{ name: 'no ids' }, null]))).status).toBe(400)
    expect((await post(receiver, exported([{ name: 'no ids' }]))).status).toBe(200)
    expect(receiver.evidence().traces.traces).toEqual([])
  })

  test('survives a span that is its own ancestor', async () => {
    const receiver = await start()
    await post(
      receiver,
      exported([jsonSpan({ spanId: 'e1', parentSpanId: 'e2' }), jsonSpan({ spanId: 'e2', parentSpanId: 'e1' })]),
    )
    expect(receiver.evidence().traces.routes).toEqual([])
  })

  test('says what to type when the port is taken', async () => {
    const receiver = await start()
    await expect(startOtlpReceiver({ port: receiver.port })).rejects.toMatchObject({
      code: 'WHET_OTLP_PORT',
      message: `cannot listen for traces on 127.0.0.1:${receiver.port}: EADDRINUSE`,
    })
  })
})

describe('OpenTelemetry auto-instrumentation', () => {
  let postgres: PostgresServer
  beforeAll(async () => {
    postgres = await startPostgres()
  })
  afterAll(() => postgres.stop())

  const register = createRequire(import.meta.url).resolve('@opentelemetry/auto-instrumentations-node/register')
  const service = fileURLToPath(new URL('fixture/service.cjs', import.meta.url))

  test.each([
    { protocol: 'http/protobuf', compression: 'none', conventions: '' },
    { protocol: 'http/protobuf', compression: 'gzip', conventions: 'http,database' },
    { protocol: 'http/json', compression: 'gzip', conventions: 'http/dup,database/dup' },
  ])(
    'sends $protocol, $compression compression, conventions "$conventions"',
    async ({ protocol, compression, conventions }) => {
      const receiver = await start()
      const child = spawn(process.execPath, ['--require', register, service], {
        stdio: ['ignore', 'pipe', 'inherit'],
        env: {
          PATH: process.env['PATH'],
          DATABASE_URL: postgres.url,
          OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint,
          OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
          OTEL_EXPORTER_OTLP_COMPRESSION: compression,
          OTEL_SEMCONV_STABILITY_OPT_IN: conventions,
          OTEL_METRICS_EXPORTER: 'none',
          OTEL_LOGS_EXPORTER: 'none',
          OTEL_NODE_RESOURCE_DETECTORS: 'none',
          OTEL_NODE_ENABLED_INSTRUMENTATIONS: 'http,pg',
          OTEL_BSP_SCHEDULE_DELAY: '50',
          OTEL_SERVICE_NAME: 'fixture',
        },
      })
      try {
        const port = await portOf(child)
        for (const path of ['/list/17', '/list/18?page=2', '/outer', '/fail']) await get(port, path)
        await receiver.quiet(400, 5000)
      } finally {
        child.kill('SIGKILL')
        await once(child, 'exit')
      }
      const { traces, statements } = receiver.evidence()
      const routes = Object.fromEntries(traces.routes.map(route => [route.route, route]))
      expect(Object.keys(routes).toSorted()).toEqual(['GET /fail', 'GET /leaf', 'GET /list/:id', 'GET /outer'])
      expect(routes['GET /fail']).toMatchObject({ requests: 1, errors: 1 })
      expect(routes['GET /outer']!.outboundPerRequest).toMatchObject({ count: 1, sum: 1 })
      expect(routes['GET /list/:id']).toMatchObject({ requests: 2, errors: 0, connects: 1 })
      expect(routes['GET /list/:id']!.queriesPerRequest).toMatchObject({ count: 2, min: 7, max: 7 })
      expect(routes['GET /list/:id']!.databaseMs).toBeGreaterThan(0)
      const repeated = statementId(normaliseStatement('SELECT $1::int AS value'))
      expect(statements.uses.find(use => use.statementId === repeated)).toMatchObject({
        route: 'GET /list/:id',
        calls: 10,
        requests: 2,
        maxRepeatsInRequest: 5,
        errors: 0,
      })
      // Two random literals, one statement.
      expect(statements.statements.filter(({ text }) => text.includes('AS text'))).toHaveLength(1)
      const outbound = traces.traces.find(trace => trace.route === 'GET /outer')!.spans
      expect(outbound).toMatchObject([{ kind: 'outbound', urlTemplate: '/leaf', statusCode: 200 }])
      const list = traces.traces.find(trace => trace.route === 'GET /list/:id')!
      expect(list.spans.filter(span => span.kind === 'query')).toHaveLength(7)
      expect(list.spans.some(span => span.kind === 'pool-wait')).toBe(true)
      for (const span of list.spans) {
        expect(span.startMs).toBeGreaterThanOrEqual(-0.5)
        expect(span.startMs + span.durationMs).toBeLessThanOrEqual(list.durationMs + 0.5)
      }
    },
  )
})

async function portOf(child: ChildProcess): Promise<number> {
  for await (const line of createInterface({ input: child.stdout! })) {
    const port = /^port (\d+)$/.exec(line)?.[1]
    if (port !== undefined) return Number(port)
  }
  throw new Error('the service did not start')
}

function get(port: number, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    http
      .get({ port, path, host: '127.0.0.1', agent: false }, answer => answer.resume().on('end', () => resolve()))
      .on('error', reject)
  })
}
