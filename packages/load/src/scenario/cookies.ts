/** The cookies of one user, for the one service under test: name, value, path and expiry (RFC 6265 without domains). */

/** What a browser keeps of one site; more than this is a server that sets a new name in every answer. */
const MAX_COOKIES = 50

interface Cookie {
  readonly name: string
  readonly value: string
  readonly path: string
  /** Milliseconds since 1970; Infinity for the session. */
  readonly expiresAtMs: number
}

export class CookieJar {
  #cookies: Cookie[] = []
  /** The header for requests anywhere below `/`, while nothing in the jar needs a closer look. */
  #simple: string | undefined = ''

  /** Reads every `set-cookie` of a response's header lines. `path` is that of the request. */
  store(head: string, path: string, nowMs: number): void {
    SET_COOKIE.lastIndex = 0
    for (let match = SET_COOKIE.exec(head); match !== null; match = SET_COOKIE.exec(head)) {
      this.#keep(match[1]!, path, nowMs)
    }
  }

  /** The value of the `cookie` header for a request to `path`; empty when there is none to send. */
  header(path: string, nowMs: number): string {
    return this.#simple ?? this.#matching(path, nowMs)
  }

  /** Undefined when the jar does not hold it. */
  get(name: string): string | undefined {
    return this.#cookies.find(cookie => cookie.name === name)?.value
  }

  #keep(text: string, requestPath: string, nowMs: number): void {
    const [pair = '', ...attributes] = text.split(';')
    const equals = pair.indexOf('=')
    const name = pair.slice(0, equals).trim()
    if (equals < 1 || name === '') return
    let path = defaultPath(requestPath)
    let maxAgeMs: number | undefined
    let expiresAtMs = Infinity
    for (const attribute of attributes) {
      const [key = '', value = ''] = attribute.split(/=(.*)/s)
      const given = value.trim()
      switch (key.trim().toLowerCase()) {
        case 'path':
          if (given.startsWith('/')) path = given
          break
        case 'max-age':
          if (/^-?\d+$/.test(given)) maxAgeMs = Number(given) * 1000
          break
        case 'expires': {
          const at = Date.parse(given)
          if (!Number.isNaN(at)) expiresAtMs = at
        }
      }
    }
    // Max-Age wins over Expires, wherever it stands (RFC 6265, 5.3).
    if (maxAgeMs !== undefined) expiresAtMs = maxAgeMs <= 0 ? 0 : nowMs + maxAgeMs
    this.#cookies = this.#cookies.filter(cookie => cookie.name !== name || cookie.path !== path)
    if (expiresAtMs > nowMs) this.#cookies.push({ name, value: pair.slice(equals + 1).trim(), path, expiresAtMs })
    if (this.#cookies.length > MAX_COOKIES) this.#cookies.shift()
    this.#simple = this.#cookies.every(cookie => cookie.path === '/' && cookie.expiresAtMs === Infinity)
      ? written(this.#cookies)
      : undefined
  }

  #matching(path: string, nowMs: number): string {
    const bare = path.split('?', 1)[0]!
    return written(
      this.#cookies
        .filter(cookie => cookie.expiresAtMs > nowMs && within(bare, cookie.path))
        // Longer paths first (RFC 6265, 5.4); the sort is stable, so older ones stay before newer.
        .toSorted((a, b) => b.path.length - a.path.length),
    )
  }
}

const SET_COOKIE = /^set-cookie:[ \t]*([^\r\n]*)/gim

function written(cookies: readonly Cookie[]): string {
  return cookies.map(({ name, value }) => `${name}=${value}`).join('; ')
}

/** Everything up to the last slash of the request's path (RFC 6265, 5.1.4). */
function defaultPath(path: string): string {
  const bare = path.split('?', 1)[0]!
  return bare.startsWith('/') ? bare.slice(0, Math.max(1, bare.lastIndexOf('/'))) : '/'
}

function within(path: string, cookiePath: string): boolean {
  return (
    path === cookiePath ||
    (path.startsWith(cookiePath) && (cookiePath.endsWith('/') || path[cookiePath.length] === '/'))
  )
}
