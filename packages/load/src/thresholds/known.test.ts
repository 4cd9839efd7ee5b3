/** Limits on routes and checks that a load has, and on those it has not. */
import { expect, it } from 'vitest'
import { assertKnown } from './known.ts'
import { parseThreshold } from './parse.ts'

const told = {
  routes: ['GET /posts/:id', 'GET /comments'],
  checks: [
    { name: 'status 200', route: 'GET /posts/:id' },
    { name: 'has an author', route: 'GET /posts/:id' },
  ],
}
const refusal = (text: string, load = told) => {
  try {
    assertKnown([parseThreshold(text)], load)
    return 'known'
  } catch (error) {
    const { code, message, hint } = error as Error & { code: string; hint: string }
    return `${code}: ${message}; ${hint}`
  }
}

it.each([
  'p95 < 300ms',
  'errors < 1%',
  'GET /comments: p95 < 300ms over 10s',
  'GET /posts/:id: errors < 1%',
  'checks > 99%',
  'checks("status 200") > 99%',
  'GET /posts/:id: checks("has an author") > 99%',
])('%s is judged', text => {
  expect(refusal(text)).toBe('known')
})

it('a limit that nothing would be judged by is refused, with what was meant', () => {
  expect([
    refusal('GET /comment: p95 < 300ms'),
    refusal('PUT /elsewhere/at/all: p95 < 300ms'),
    refusal('checks("status is 200") > 99%'),
    refusal('GET /comments: checks > 99%'),
    refusal('GET /posts/:id: checks("x") > 99%'),
    refusal('checks > 99%', { ...told, checks: [] }),
  ]).toMatchInlineSnapshot(`
    [
      "WHET_LOAD_THRESHOLD: the limit 'GET /comment: p95 < 300ms' would be judged by nothing: there is no route GET /comment in this load; did you mean GET /comments?",
      "WHET_LOAD_THRESHOLD: the limit 'PUT /elsewhere/at/all: p95 < 300ms' would be judged by nothing: there is no route PUT /elsewhere/at/all in this load; there are GET /posts/:id, GET /comments",
      "WHET_LOAD_THRESHOLD: the limit 'checks("status is 200") > 99%' would be judged by nothing: there is no check "status is 200" in this load; did you mean status 200?",
      "WHET_LOAD_THRESHOLD: the limit 'GET /comments: checks > 99%' would be judged by nothing: nothing is checked on GET /comments in this load; checks are written in a scenario file",
      "WHET_LOAD_THRESHOLD: the limit 'GET /posts/:id: checks("x") > 99%' would be judged by nothing: there is no check "x" on GET /posts/:id in this load; there are status 200, has an author",
      "WHET_LOAD_THRESHOLD: the limit 'checks > 99%' would be judged by nothing: nothing is checked in this load; checks are written in a scenario file",
    ]
  `)
})
