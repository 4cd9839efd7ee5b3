import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Evidence, Workload } from '@whetstone/model'
import { startPostgres } from '@whetstone/sandbox'
import { measureWindow, type WindowOptions } from './measure.ts'
import type { ProbeReceiver } from './probe/index.ts'
import type { Stand } from './stand.ts'

const workload: Workload = {
  routes: [{ route: 'GET /', weight: 1, requests: [{ method: 'GET', path: '/', headers: {} }] }],
  skipped: [],
}

describe('a measured window', () => {
  let server: http.Server
  let baseUrl: string
  beforeAll(async () => {
    server = http.createServer((_, response) => response.end('ok'))
    await new Promise<void>(resolve => void server.listen(0, '127.0.0.1', resolve))
    baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })
  afterAll(() => void server.close())

  interface Measured extends Partial<WindowOptions> {
    readonly stand?: Partial<Stand>
  }
  const measured = ({ stand, ...options }: Measured) =>
    measureWindow(
      { baseUrl, close: async () => {}, ...stand },
      {
        workload,
        ratePerSecond: 20,
        durationMs: 300,
        warmUpMs: 0,
        seed: 1,
        root: process.cwd(),
        onProgress: () => {},
        signal: new AbortController().signal,
        ...options,
      },
    )

  it('keeps the load and every other kind when a collector fails, and says what is missing', async () => {
    const fails = () => Promise.reject(new Error('the socket is gone'))
    const probe = {
      reset: fails,
      flush: fails,
      collectHeap: fails,
      cacheClients: () => [],
      profile: () => {},
      evidence: () => {
        throw new Error('no such process')
      },
      warnings: () => ['the probe switched itself off: out of memory'],
    } as unknown as ProbeReceiver
    const kept: Evidence[] = []
    const { evidence, warnings } = await measured({
      stand: { probe },
      databaseUrl: 'postgres://127.0.0.1:1/none',
      keep: async one => void kept.push(one),
    })
    expect(kept.map(one => Object.keys(one))).toEqual([['load-curve', 'host']])
    expect(Object.keys(evidence).toSorted()).toEqual(['host', 'http-probe', 'load-curve'])
    expect(warnings).toEqual([
      'heap could not be gathered: the socket is gone',
      'traces could not be gathered: the socket is gone',
      expect.stringMatching(/^pg could not be gathered: cannot read the database postgres:/),
      'the probe switched itself off: out of memory',
    ])
  })

  it('says how much the probe could not keep up with', async () => {
    const probe = {
      reset: async () => {},
      flush: async () => {},
      collectHeap: async () => {},
      cacheClients: () => [],
      profile: () => {},
      evidence: () => ({
        traces: { schema: 'traces@1', source: 'probe', routes: [{ route: 'GET /' }], traces: [], dropped: 17 },
        statements: { schema: 'statements@1', statements: [], uses: [], overflowed: 0 },
        runtime: { schema: 'runtime@1', processes: [], syncCalls: [] },
        'cpu-profile': { schema: 'cpu-profile@1', profiles: [] },
      }),
      warnings: () => [],
    } as unknown as ProbeReceiver
    const { warnings } = await measured({ stand: { probe } })
    expect(warnings).toEqual(['17 records of requests were lost: counts of requests and statements are too low'])
  })

  it('leaves no connection to the database when the load cannot be sent', async () => {
    const postgres = await startPostgres()
    try {
      const impossible = measured({ ratePerSecond: -1, databaseUrl: postgres.url })
      await expect(impossible).rejects.toMatchObject({ code: 'WHET_LOAD_PLAN' })
      const client = new Client({ connectionString: postgres.url })
      await client.connect()
      const { rows } = await client.query("select from pg_stat_activity where application_name = 'whetstone'")
      await client.end()
      expect(rows).toEqual([])
    } finally {
      await postgres.stop()
    }
  })
})
