import { expect, it } from 'vitest'
import { repeatedRequests } from './repeated-requests.ts'
import { trace } from './testing/evidence.ts'

const asked = (...urls: readonly string[]) => urls.map((url, at) => trace('GET /', 1, [], { id: `t${at}`, url }))

it('counts what was asked for once as never asked for before', () => {
  expect(repeatedRequests(asked('/a', '/a', '/a', '/b', '/b', '/c'))).toEqual({
    samples: 6,
    different: 3,
    seenFraction: 5 / 6,
  })
})

it('knows nothing of requests whose address nobody kept', () => {
  expect(repeatedRequests([trace('GET /', 1, [])])).toEqual({ samples: 0, different: 0, seenFraction: 0 })
})
