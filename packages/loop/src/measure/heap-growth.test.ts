import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, expect, test } from 'vitest'
import { watchHeap } from './heap-growth.ts'
import type { Stand } from './stand.ts'

let server: http.Server | undefined
afterEach(() => void server?.close())

/** A probe in a process that takes so long for a full collection; `looks` says of each whether it asked who allocated. */
function probeThatTakes(collectionMs: number) {
  const looks: boolean[] = []
  const probe = {
    reset: async () => {},
    sampleHeap: () => {},
    collectHeap: async (withProfile: boolean) => {
      await delay(collectionMs)
      looks.push(withProfile)
    },
    evidence: () => ({ 'heap-profile': { schema: 'heap-profile@1', processes: [] } }),
  }
  return { looks, probe: probe as unknown as NonNullable<Stand['probe']> }
}

test.each([
  ['quick', 1],
  ['as slow as the pause between them', 40],
  ['so slow that the load ends before them', 150],
])('who allocated is asked a second time when collections are %s', { timeout: 30_000 }, async (_, collectionMs) => {
  const own = http.createServer((_request, response) => response.end())
  server = own
  await new Promise<void>(resolve => void own.listen(0, '127.0.0.1', resolve))
  const { looks, probe } = probeThatTakes(collectionMs)
  await watchHeap(
    { baseUrl: `http://127.0.0.1:${(own.address() as AddressInfo).port}`, probe },
    {
      workload: {
        routes: [{ route: 'GET /', weight: 1, requests: [{ method: 'GET', path: '/', headers: {} }] }],
        skipped: [],
      },
      ratePerSecond: 20,
      seed: 1,
      root: '/',
      onProgress: () => {},
      signal: new AbortController().signal,
      everyMs: 40,
    },
  )
  expect(looks.filter(Boolean)).toHaveLength(2)
  expect(looks.at(-1)).toBe(true)
})
