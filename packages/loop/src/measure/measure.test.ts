import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Evidence, Workload } from '@whetstone/model'
import { measureWindow } from './measure.ts'
import type { ProbeReceiver } from './probe/index.ts'

const workload: Workload = {
  routes: [{ route: 'GET /', weight: 1, requests: [{ method: 'GET', path: '/', headers: {} }] }],
  skipped: [],
} as unknown as Workload

describe('a measured window', () => {
  let server: http.Server
  let baseUrl: string
  beforeAll(async () => {
    server = http.createServer((_, response) => response.end('ok'))
    await new Promise<void>(resolve => void server.listen(0, '127.0.0.1', resolve))
    baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })
  afterAll(() => void server.close())

  it('keeps the load and every other kind when a collector fails, and says what is missing', async () => {
    const fails = () => Promise.reject(new Error('the socket is gone'))
    const probe = {
      reset: fails,
      flush: fails,
      profile: () => {},
      evidence: () => {
        throw new Error('no such process')
      },
      warnings: () => ['the probe switched itself off: out of memory'],
    } as unknown as ProbeReceiver
    const kept: Evidence[] = []
    const { evidence, warnings } = await measureWindow(
      { baseUrl, probe, close: async () => {} },
      {
        workload,
        ratePerSecond: 20,
        durationMs: 300,
        warmUpMs: 0,
        seed: 1,
        databaseUrl: 'postgres://127.0.0.1:1/none',
        root: process.cwd(),
        keep: async one => void kept.push(one),
        onProgress: () => {},
        signal: new AbortController().signal,
      },
    )
    expect(kept.map(one => Object.keys(one))).toEqual([['load-curve', 'host']])
    expect(Object.keys(evidence).toSorted()).toEqual(['host', 'http-probe', 'load-curve'])
    expect(warnings).toEqual([
      'traces could not be gathered: the socket is gone',
      expect.stringMatching(/^pg could not be gathered: cannot read the database postgres:/),
      'the probe switched itself off: out of memory',
    ])
  })
})
