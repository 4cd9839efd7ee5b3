/** Sessions in the shape that `express-session` and `@fastify/session` ask for. */
import { isFault } from '../fault.ts'
import type { Sessions } from './sessions.ts'

interface Cookied {
  readonly cookie?: { readonly originalMaxAge?: number | null; readonly maxAge?: number | null }
}

export interface SessionStore {
  // What a session is to each of the two, only they know.
  get(id: string, done: (error: unknown, session?: never) => void): void
  set(id: string, session: unknown, done?: (error?: unknown) => void): void
  touch(id: string, session: unknown, done?: (error?: unknown) => void): void
  destroy(id: string, done?: (error?: unknown) => void): void
}

/**
 * For `@fastify/session`. The middleware signs the ids; `secrets` of the sessions are then not used. How long a session lives is what its
 * cookie says (`maxAge`), else what the sessions say.
 *
 * ```ts
 * await server.register(fastifySession, { secret, store: sessionStore(sessions) })
 * ```
 */
export function sessionStore<Data>(sessions: Sessions<Data>): SessionStore {
  return {
    get: (id, done) => void settle(sessions.read(id), (error, data) => done(error, (data ?? null) as never)),
    set: (id, session, done) => void settle(saved(sessions, id, session), error => done?.(error)),
    touch: (id, session, done) => void settle(sessions.touch(id, ttlOf(session)), error => done?.(error)),
    destroy: (id, done) => void settle(sessions.destroy(id), error => done?.(error)),
  }
}

/**
 * For `express-session`, whose `Store` gives it the rest.
 *
 * ```ts
 * app.use(session({ secret, resave: false, saveUninitialized: false, store: expressSessionStore(session.Store, sessions) }))
 * ```
 */
export function expressSessionStore<Store extends object, Data>(
  Base: new () => Store,
  sessions: Sessions<Data>,
): Store & SessionStore {
  return Object.assign(new Base(), sessionStore(sessions))
}

/** The user logged out while this request was under way: there is nothing left to write to, and nothing wrong with that. */
async function saved<Data>(sessions: Sessions<Data>, id: string, session: unknown): Promise<void> {
  try {
    await sessions.overwrite(id, session as Data, ttlOf(session))
  } catch (error) {
    if (!isFault(error) || error.code !== 'FAULT_SESSION_GONE') throw error
  }
}

function ttlOf(session: unknown): number | undefined {
  const { cookie } = session as Cookied
  return cookie?.originalMaxAge ?? cookie?.maxAge ?? undefined
}

async function settle<Result>(work: Promise<Result>, done: (error: unknown, result?: Result) => void): Promise<void> {
  let result: Result
  try {
    result = await work
  } catch (error) {
    done(error)
    return
  }
  done(undefined, result)
}
