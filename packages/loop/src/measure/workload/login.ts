/** Sends the login request once and turns its answer into the header that every further request carries. */
import { readRequestLine } from '@whetstone/load/import'
import { exitCodes, WhetstoneError } from '@whetstone/model'
import type { HttpReply, SendRequest } from './http-client.ts'

/** Where services put the token, most common first; looked for at the top and one level down (`data.token`). */
const TOKEN_FIELDS = ['token', 'access_token', 'accessToken', 'sessionToken', 'jwt', 'id_token', 'idToken']

/** Throws `WHET_LOGIN` when the request fails or no token or cookie is in its answer. */
export async function login(
  line: string,
  headers: Readonly<Record<string, string>>,
  send: SendRequest,
): Promise<Record<string, string>> {
  const [request] = readRequestLine(line, '--login').requests
  if (request === undefined) throw failed('the path has a parameter')
  const reply = await send({ ...request, headers: { ...headers, ...request.headers } })
  if (reply.failed !== undefined) throw failed(reply.failed)
  if (reply.status >= 400) throw failed(`it answered ${reply.status}`)
  const found = credentialsOf(reply)
  if (found === undefined) throw failed(`no token in its answer (looked for ${TOKEN_FIELDS.join(', ')} and Set-Cookie)`)
  return found
}

/** The header to send, from a token in the JSON body or else from the cookies; `undefined` when there is neither. */
export function credentialsOf(reply: Pick<HttpReply, 'headers' | 'body'>): Record<string, string> | undefined {
  const token = tokenOf(reply.body)
  if (token !== undefined)
    return token.field === 'sessionToken'
      ? { 'x-parse-session-token': token.value, authorization: `Bearer ${token.value}` }
      : { authorization: `Bearer ${token.value}` }
  const cookies = reply.headers['set-cookie']
    ?.split('\n')
    .map(cookie => cookie.split(';')[0]!.trim())
    .filter(cookie => /^[^=\s]+=./.test(cookie))
  return cookies === undefined || cookies.length === 0 ? undefined : { cookie: cookies.join('; ') }
}

function tokenOf(body: string): { readonly field: string; readonly value: string } | undefined {
  let json: unknown
  try {
    json = JSON.parse(body)
  } catch {
    return undefined
  }
  const levels = [json, ...(isObject(json) ? Object.values(json) : [])].filter(isObject)
  for (const level of levels) {
    for (const field of TOKEN_FIELDS) {
      const value = level[field]
      // A line break would end the header.
      if (typeof value === 'string' && value !== '' && !/[\r\n]/.test(value)) return { field, value }
    }
  }
  return undefined
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function failed(why: string): WhetstoneError {
  return new WhetstoneError('WHET_LOGIN', `the login request failed: ${why}`, {
    exitCode: exitCodes.target,
    hint: `try it by itself first, then: --login 'POST /login {"user":"…","password":"…"}'\nor give the credential: --header 'authorization: Bearer …'`,
  })
}
