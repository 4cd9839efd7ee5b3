import { setTimeout as wait } from 'node:timers/promises'
import type { RuntimeSample } from '@whetstone/model'
import { describe, expect, test } from 'vitest'
import { CollectedHeaps, watchCollectedHeap } from './collected-heap.ts'
import { startTarget } from './target.ts'

const sample = (atMs: number, heapAfterCollectionBytes?: number) =>
  ({ atMs, ...(heapAfterCollectionBytes === undefined ? {} : { heapAfterCollectionBytes }) }) as RuntimeSample

describe('the heap after collections', () => {
  test('is read once for every collection', () => {
    const heaps = new CollectedHeaps()
    expect(heaps.read([{ samples: [sample(1)] }])).toBeUndefined()
    expect(heaps.read([{ samples: [sample(1), sample(2, 50), sample(3)] }])).toBe(50)
    expect(heaps.read([{ samples: [sample(2, 50), sample(3), sample(4)] }])).toBeUndefined()
    expect(heaps.read([{ samples: [sample(2, 50), sample(5, 60)] }])).toBe(60)
  })

  test('is of all processes, as soon as each was collected', () => {
    const heaps = new CollectedHeaps()
    const first = { samples: [sample(1, 50)] }
    expect(heaps.read([first, { samples: [sample(1)] }])).toBeUndefined()
    expect(heaps.read([first, { samples: [sample(1), sample(2, 7)] }])).toBe(57)
  })

  test('is not there without a process', () => {
    expect(new CollectedHeaps().read([])).toBeUndefined()
  })

  test('is seen in a service that makes garbage', { timeout: 60_000 }, async () => {
    const watch = await watchCollectedHeap()
    const service = `let kept = []
    setInterval(() => (kept = Array.from({ length: 2e5 }, (_, at) => ({ at }))), 20)
    require('node:http').createServer((_, response) => response.end()).listen(0, '127.0.0.1')`
    const target = await startTarget({ command: [process.execPath, '-e', service], env: watch.env })
    try {
      let bytes: number | undefined
      for (let tries = 0; bytes === undefined && tries < 400; tries++) {
        await wait(100)
        bytes = watch.read()
      }
      expect(bytes).toBeGreaterThan(1_000_000)
    } finally {
      await target.stop()
      await watch.close()
    }
  })
})
