import type { LoadReport } from '@whetstone/model'
import { expect, it } from 'vitest'
import { nextAfterSpike } from './load-spike-next.ts'

const target = { name: 'shop', url: 'http://127.0.0.1:3000' }
const spike = { baseRatePerSecond: 20, peakRatePerSecond: 100, errorsDuring: 0 }
const next = (verdict: LoadReport['verdict'], recoveryMs?: number) =>
  nextAfterSpike(
    { verdict, target, spike: { ...spike, ...(recoveryMs === undefined ? {} : { recoveryMs }) } },
    ['http://127.0.0.1:3000'],
    { workers: 2 },
    { commandLine: 'whetstone load spike --rate 20 --peak 100 --workers 2 --duration 6s http://127.0.0.1:3000' },
  )

it('sends a spike again that was sent late, by twice as many threads', () => {
  expect(next('invalid')).toBe(
    'whetstone load spike --workers 4 --rate 20 --peak 100 --duration 6s http://127.0.0.1:3000',
  )
})

it('asks for the cause of one that is felt for longer than was watched', () => {
  expect(next('pass')).toBe('whetstone diagnose --rate 20 http://127.0.0.1:3000')
})

it('goes further where the service was itself again', () => {
  expect(next('pass', 500)).toMatch(/^whetstone load stress /)
})
