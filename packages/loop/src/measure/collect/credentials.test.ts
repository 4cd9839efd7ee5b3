import { expect, test } from 'vitest'
import { callerOf, withoutCredentials } from './credentials.ts'

test.each(['Authorization', 'cookie', 'X-Api-Key', 'x-csrf-token', 'x-session-id'])('%s says who asks', name => {
  expect(callerOf({ [name]: 'one' })).toBe(callerOf({ accept: '*/*', [name]: 'one' }))
  expect(callerOf({ [name]: 'one' })).not.toBe(callerOf({ [name]: 'another' }))
  expect(withoutCredentials({ accept: '*/*', [name]: 'one' })).toEqual({ accept: '*/*' })
})

test('other headers do not', () => expect(callerOf({ accept: '*/*', 'user-agent': 'k6' })).toBeUndefined())
