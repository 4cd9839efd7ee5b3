import { expect, it } from 'vitest'
import { available } from './available.ts'

it('gives back what was started', () => {
  const started = { kind: 'redis', port: 6_379 } as const
  expect(available(started)).toBe(started)
})

it('throws the reason where nothing was', () => {
  const reason = 'needs redis-server: it is not on the PATH'
  expect(() => available({ kind: 'not-available', name: 'redis-server', reason })).toThrow(reason)
})
