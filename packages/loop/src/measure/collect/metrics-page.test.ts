import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { parseMetricsPage, readMetricsPage } from './metrics-page.ts'

const mean = `# HELP http_request_duration_ms_avg mean\n# TYPE http_request_duration_ms_avg gauge\nhttp_request_duration_ms_avg 12\n`
const named = (text: string) => parseMetricsPage(text)?.durations.map(({ name, shape }) => `${name} ${shape}`)

describe('the durations on a metrics page', () => {
  it.each([
    ['a histogram', '# TYPE http_request_duration_seconds histogram\n', ['http_request_duration_seconds buckets']],
    [
      'a summary with quantiles',
      '# TYPE http_request_duration_seconds summary\nhttp_request_duration_seconds{route="/",quantile="0.95"} 0.1\n',
      ['http_request_duration_seconds quantiles'],
    ],
    [
      'a summary without',
      '# TYPE http_request_duration_seconds summary\nhttp_request_duration_seconds_sum 3\nhttp_request_duration_seconds_count 9\n',
      ['http_request_duration_seconds mean'],
    ],
    ['a gauge that says it is a mean', mean, ['http_request_duration_ms_avg mean']],
    [
      'no other gauge',
      '# TYPE http_request_duration_ms gauge\n# TYPE http_request_duration_ms_max gauge\n# TYPE api_latency_meaning gauge\n',
      [],
    ],
    [
      'what the service is asked, not what it asks',
      '# TYPE http_client_request_duration_seconds summary\n# TYPE upstream_response_time_ms_sum counter\n# TYPE outbound_http_latency_avg gauge\n# TYPE api_clients_request_duration_seconds histogram\n',
      ['api_clients_request_duration_seconds buckets'],
    ],
    ['a gauge of a percentile', '# TYPE http_response_time_p95 gauge\n', ['http_response_time_p95 quantiles']],
    [
      'two counters',
      '# TYPE api_latency_ms_sum counter\n# TYPE api_latency_ms_count counter\n',
      ['api_latency_ms mean'],
    ],
    [
      'those of the process',
      '# TYPE nodejs_gc_duration_seconds histogram\n# TYPE process_start_time_seconds gauge\n',
      [],
    ],
    ['a counter of requests', '# TYPE http_requests_total counter\n', []],
  ])('are told of %s', (_, text, expected) => {
    expect(named(text)).toEqual(expected)
  })

  it('are not known of another text', () => {
    expect(parseMetricsPage('<!doctype html><title>metrics</title>')).toBeUndefined()
    expect(parseMetricsPage('')).toBeUndefined()
  })
})

describe('a metrics page', () => {
  let server: http.Server | undefined
  afterEach(() => void server?.close())

  async function pageOf(status: number, type: string, body: string) {
    const own = http.createServer((_, response) => response.writeHead(status, { 'content-type': type }).end(body))
    server = own
    await new Promise<void>(resolve => void own.listen(0, '127.0.0.1', resolve))
    return readMetricsPage(`http://127.0.0.1:${(own.address() as AddressInfo).port}`, new AbortController().signal)
  }

  it('is read where there is one', async () => {
    expect(await pageOf(200, 'text/plain; version=0.0.4; charset=utf-8', mean)).toEqual({
      durations: [{ name: 'http_request_duration_ms_avg', shape: 'mean' }],
    })
  })

  it('is none where a page for people or an error answers', async () => {
    expect(await pageOf(200, 'text/html', mean)).toBeUndefined()
    server?.close()
    expect(await pageOf(404, 'text/plain', mean)).toBeUndefined()
  })

  it('is none where nobody answers', async () => {
    expect(await readMetricsPage('http://127.0.0.1:1', new AbortController().signal)).toBeUndefined()
  })
})
