import { describe, expect, test } from 'vitest'
import { seededRandom } from '@whetstone/stats'
import type { Workload } from '@whetstone/model'
import { fixturePath } from '../probe/testing/observe-fixture.ts'
import { startTarget } from '../target.ts'
import { stopDrill } from './stop-drill.ts'

const get = (path: string): Workload => ({
  routes: [{ route: `GET ${path}`, weight: 1, requests: [{ method: 'GET', path, headers: {} }] }],
  skipped: [],
})

async function drilled(
  onStop: string,
  { workload = get('/slow'), graceMs = 4_000, usualMs = 100, ratePerSecond = 40 } = {},
) {
  const target = await startTarget({
    command: [process.execPath, fixturePath('probe-services/stoppable.mjs')],
    env: { ON_STOP: onStop },
  })
  const drill = await stopDrill(target, {
    workload,
    ratePerSecond,
    usualMs,
    graceMs,
    random: seededRandom(1),
  })
  await target.stop()
  return drill
}

describe('a service that is stopped with requests under way', () => {
  test('and dies at once loses them', async () => {
    const drill = await drilled('die')
    expect(drill?.underWay).toBeGreaterThan(5)
    expect(drill).toMatchObject({ drained: 0, lost: drill?.underWay })
    expect(drill?.routes).toEqual([{ route: 'GET /slow', underWay: drill?.underWay, lost: drill?.lost }])
    expect(drill?.endedAfterMs).toBeLessThan(4_000)
  })

  test('and drains loses none, whatever is refused afterwards', async () => {
    const drill = await drilled('drain')
    expect(drill?.underWay).toBeGreaterThan(5)
    expect(drill).toMatchObject({ drained: drill?.underWay, lost: 0 })
    expect(drill?.later.refused).toBeGreaterThan(0)
    expect(drill?.endedAfterMs).toBeDefined()
  })

  test('and closes what they need fails them', async () => {
    const drill = await drilled('close-first')
    expect(drill?.lost).toBe(drill?.underWay)
    expect(drill?.lost).toBeGreaterThan(5)
  })

  test('and does not hear the signal answers them, and is killed in the end', async () => {
    const drill = await drilled('hang', { graceMs: 1_500 })
    expect(drill).toMatchObject({ lost: 0, graceMs: 1_500 })
    expect(drill?.endedAfterMs).toBeUndefined()
  })

  test('and is slow only when many ask at once is given the time that they take', async () => {
    const drill = await drilled('drain', { workload: get('/in-turns'), ratePerSecond: 2, graceMs: 300 })
    expect(drill?.underWay).toBeGreaterThan(5)
    expect(drill).toMatchObject({ drained: drill?.underWay, lost: 0 })
    expect(drill?.endedAfterMs).toBeGreaterThan(300)
    expect(drill?.graceMs).toBeGreaterThan(1_000)
  })

  test('and fails when many ask at once, signal or not, loses none by the signal', async () => {
    const drill = await drilled('drain', { workload: get('/alone'), ratePerSecond: 2 })
    expect(drill?.underWay).toBeGreaterThan(5)
    expect(drill?.lost).toBe(0)
  })

  test('and answers within a millisecond may have nothing under way', async () => {
    const drill = await drilled('drain', { workload: get('/'), usualMs: 1 })
    expect(drill?.lost).toBe(0)
  })

  test('is not asked for anything that writes', async () => {
    const write = { method: 'POST', path: '/slow', headers: {} }
    const drill = await drilled('die', {
      workload: { routes: [{ route: 'POST /slow', weight: 1, requests: [write] }], skipped: [] },
    })
    expect(drill).toBeUndefined()
  })
})
