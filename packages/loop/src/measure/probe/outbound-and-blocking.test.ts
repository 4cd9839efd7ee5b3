/** What a request does besides queries: calls to peers, and calls that stop the whole process. */
import { beforeAll, describe, expect, test } from 'vitest'
import { lineOf, observe } from './testing/observe-fixture.ts'
import type { Observed } from './testing/observe-fixture.ts'

const file = 'probe-services/outbound.mjs'

describe.each([{ commonJs: false }, { commonJs: true }])('CommonJS: $commonJs', ({ commonJs }) => {
  let seen: Observed
  beforeAll(async () => {
    seen = await observe({ file, commonJs, lastPort: true }, ['/things/1', '/things/2'])
  })

  test('outbound requests have a template instead of ids, a status and a line', () => {
    expect(seen.answers).toEqual(['done', 'done'])
    const trace = seen.evidence.traces.traces.find(({ route }) => route === 'GET /things/:id')
    const spans = trace?.spans.filter(span => span.kind === 'outbound')
    expect(spans?.map(span => `${span.name.replace(/:\d+/, '')} ${span.statusCode}`)).toEqual([
      'GET 127.0.0.1/stock/:id 200',
      'GET 127.0.0.1/price/:id 200',
    ])
    expect(spans?.[0]?.site?.map(frame => `${frame.file}:${frame.line}`)[0]).toBe(lineOf(file, 'fetch'))
    expect(spans?.[1]?.site?.map(frame => `${frame.file}:${frame.line}`)).toContain(lineOf(file, 'get'))
  })

  test('calls that block the process are named with their line and route', () => {
    const calls = seen.evidence.runtime.syncCalls.filter(({ route }) => route === 'GET /things/:id')
    const places = calls.map(({ name, calls: count, site }) => `${name} ${count} ${site?.[0]?.file}:${site?.[0]?.line}`)
    expect(places).toContain(`fs.readFileSync 2 ${lineOf(file, 'read')}`)
    expect(places).toContain(`crypto.pbkdf2Sync 2 ${lineOf(file, 'hash')}`)
  })

  test('the process is sampled', () => {
    const sample = seen.evidence.runtime.processes[0]?.samples.at(-1)
    expect(sample?.heapUsedBytes).toBeGreaterThan(1_000_000)
    expect(sample?.eventLoopUtilisationFraction).toBeGreaterThan(0)
  })
})
