/** Tokens: fetched before the first request that carries one, and fetched anew once when a request is answered 401. */
import type { Auth } from './definition.ts'
import type { Http } from './http.ts'
import { scenarioError } from './site.ts'
import type { Site } from './site.ts'
import type { VirtualUser } from './user.ts'

export interface Tokens {
  /** Each user fetches its own before its first request. */
  readonly perUser: boolean
  /** Before the first user: the token all users share. Nothing to do where each has its own. */
  prepare(shared: unknown): Promise<void>
  /** Gives a new user the shared token. */
  equip(user: VirtualUser): void
  /** The user's token was refused, or it has none yet. */
  renew(user: VirtualUser): Promise<void>
}

/** `http` is the way to the service for a token of all users. */
export function tokensOf(auth: Auth, http: () => Http, site: Site | undefined): Tokens {
  const checked = (token: unknown): string => {
    if (typeof token === 'string' && token !== '') return token
    throw scenarioError(site, `auth.token gave ${JSON.stringify(token)} and not a text`)
  }
  if (auth.per === 'user') {
    return {
      perUser: true,
      prepare: () => Promise.resolve(),
      equip() {},
      async renew(user) {
        user.token = checked(await auth.token({ http: user.http, shared: user.shared, user }))
      },
    }
  }
  let current: string | undefined
  let pending: Promise<string> | undefined
  const fetched = (shared: unknown): Promise<string> => {
    // Many users are refused at the same time; one of them asks for all.
    pending ??= Promise.resolve(auth.token({ http: http(), shared }))
      .then(checked)
      .finally(() => (pending = undefined))
    return pending
  }
  return {
    perUser: false,
    async prepare(shared) {
      current = await fetched(shared)
    },
    equip(user) {
      user.token = current
    },
    async renew(user) {
      // Somebody may have fetched a new one since this user began.
      if (current === user.token) current = await fetched(user.shared)
      user.token = current
    },
  }
}
