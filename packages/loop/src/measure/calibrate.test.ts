import type { Workload } from '@whetstone/model'
import { describe, expect, test } from 'vitest'
import { calibrate, durationFor } from './calibrate.ts'

const route = (name: string, weight = 1) => ({
  route: name,
  weight,
  requests: [{ method: 'GET', path: name, headers: {} }],
})
const workload = (...routes: Workload['routes']): Workload => ({ routes, skipped: [] })

/** A service whose answers take as long as the path says, on a clock that only requests move. */
function service() {
  let clock = 0
  return {
    now: () => clock,
    send: async ({ path }: { path: string }) => {
      clock += Number(path)
      return { status: 200, headers: {}, body: '' }
    },
  }
}

describe('calibration', () => {
  test('keeps the wanted rate where the service has room', async () => {
    const { send, now } = service()
    expect((await calibrate(workload(route('2')), send, 50, now)).ratePerSecond).toBe(50)
  })

  test('halves what one after the other would reach, in steps of 1, 2 and 5', async () => {
    const { send, now } = service()
    expect(await calibrate(workload(route('100')), send, 50, now)).toEqual({ ratePerSecond: 5, serviceMs: 100 })
  })

  test('weighs routes by their share', async () => {
    const { send, now } = service()
    expect((await calibrate(workload(route('1', 9), route('101', 1)), send, 100, now)).serviceMs).toBeCloseTo(11)
  })

  test('never goes below one request in two seconds', async () => {
    const { send, now } = service()
    expect((await calibrate(workload(route('5000')), send, 50, now)).ratePerSecond).toBe(0.5)
  })

  test('stops asking when its time is over', async () => {
    const { send, now } = service()
    await calibrate(workload(...Array.from({ length: 40 }, () => route('900'))), send, 50, now)
    expect(now()).toBeLessThan(10_000)
  })
})

describe('the time to measure', () => {
  const asked = { durationMs: 20_000, mostMs: 60_000 }
  const eight = workload(...Array.from({ length: 8 }, (_, at) => route(`/${at}`)))

  test('stays as asked for where every route is drawn ten times in it', () => {
    expect(durationFor(eight, { ...asked, ratePerSecond: 4 })).toEqual({ durationMs: 20_000, drawsOfRarest: 10 })
  })

  test('grows until the rarest route is drawn ten times', () => {
    expect(durationFor(eight, { ...asked, ratePerSecond: 2 })).toEqual({ durationMs: 40_000, drawsOfRarest: 10 })
    expect(durationFor(workload(route('a', 9), route('b', 1)), { ...asked, ratePerSecond: 2 }).durationMs).toBe(50_000)
  })

  test('ends at what anybody waits for', () => {
    expect(durationFor(eight, { ...asked, ratePerSecond: 1 })).toEqual({ durationMs: 60_000, drawsOfRarest: 7.5 })
  })

  test('is as asked for without a route', () => {
    expect(durationFor(workload(), { ...asked, ratePerSecond: 1 }).durationMs).toBe(20_000)
  })
})
