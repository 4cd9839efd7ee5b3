/** Where the credential of an answer is found. */
import { describe, expect, it } from 'vitest'
import { credentialsOf } from './login.ts'

describe('credentialsOf', () => {
  it.each<[string, unknown, Record<string, string>, Record<string, string> | undefined]>([
    ['token', { token: 'a' }, {}, { authorization: 'Bearer a' }],
    ['access_token', { access_token: 'a', token_type: 'bearer' }, {}, { authorization: 'Bearer a' }],
    ['a nested jwt', { data: { user: 1, jwt: 'a' } }, {}, { authorization: 'Bearer a' }],
    [
      'a session token, also in the header Parse reads',
      { sessionToken: 'r:a' },
      {},
      { authorization: 'Bearer r:a', 'x-parse-session-token': 'r:a' },
    ],
    ['a token before cookies', { token: 'a' }, { 'set-cookie': 's=1' }, { authorization: 'Bearer a' }],
    [
      'cookies without their attributes',
      {},
      { 'set-cookie': 's=1; Path=/; HttpOnly\nt=2; Secure\nempty=; Max-Age=0' },
      { cookie: 's=1; t=2' },
    ],
    ['neither', { ok: true }, {}, undefined],
    ['a token that would break out of its header', { token: 'a\r\nx: y' }, {}, undefined],
  ])('%s', (_name, body, headers, expected) => {
    expect(credentialsOf({ body: JSON.stringify(body), headers })).toEqual(expected)
  })
})
