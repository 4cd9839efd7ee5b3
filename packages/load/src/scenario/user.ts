/** One virtual user on its way through a flow: what it knows, the cookies it holds and the token it uses. */
import type { User } from './compiled.ts'
import type { CookieJar } from './cookies.ts'
import type { ScenarioUser } from './definition.ts'
import type { Http } from './http.ts'

export class VirtualUser implements User, ScenarioUser {
  readonly arrival: number
  readonly variables: Record<string, unknown>
  cookies: CookieJar | undefined = undefined
  /** The token its requests are sent with. */
  token: string | undefined = undefined
  /** Its last answer was 401, and the token has not been fetched anew for it. */
  refused = false
  /** Why its data could not be drawn: thrown by its first step, which the engine counts, and not where it is made. */
  fault: unknown = undefined
  readonly #client: Client

  constructor(arrival: number, shared: unknown, client: Client) {
    this.arrival = arrival
    this.variables = { arrival, shared }
    this.#client = client
  }

  get shared(): unknown {
    return this.variables['shared']
  }

  get http(): Http {
    return this.#client(this)
  }
}

/** Makes a user's way to the service for the author's own functions. */
export type Client = (user: VirtualUser) => Http
