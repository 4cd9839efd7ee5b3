/** What one request, or one user from request to request, has written: reads of the same session must see it. */
import { scoped, withRequestScope } from '../../request-scope.ts'
import type { ScopeKey } from '../../request-scope.ts'
import { beyondReach, later } from './position.ts'
import type { Position } from './position.ts'

export class Session {
  #known: Position | undefined
  #writes = 0
  /** The latest write whose place could not be asked; a place asked for a later one covers it. */
  #lost = 0
  #settling: Promise<void> | undefined

  /** @param position asked of the primary after the write had ended, whatever its outcome */
  wrote(position: Promise<Position>): void {
    const write = ++this.#writes
    const before = this.#settling
    const settling = this.#settle(write, position, before).then(() => {
      if (this.#settling === settling) this.#settling = undefined
    })
    this.#settling = settling
  }

  /** Joins what another request of the same user knew. */
  saw(position: Position): void {
    if (position.lsn === beyondReach.lsn) this.#lost = ++this.#writes
    else this.#known = later(this.#known, position)
  }

  /** Pending while the place of a write is being asked; never rejects. */
  get settling(): Promise<void> | undefined {
    return this.#settling
  }

  /** What a read must find replayed; undefined when the session has written nothing. */
  get wanted(): Position | undefined {
    return this.#lost > 0 ? beyondReach : this.#known
  }

  async #settle(write: number, position: Promise<Position>, before: Promise<void> | undefined): Promise<void> {
    try {
      const place = await position
      // Read after the wait: meanwhile another write may have become known.
      this.#known = later(this.#known, place)
      if (write > this.#lost) this.#lost = 0
    } catch {
      this.#lost = Math.max(this.#lost, write)
    }
    await before
  }
}

/** Each set of replicas has its own, because places in two clusters' logs do not compare. */
export function sessionKey(): ScopeKey<Session> {
  return { make: () => new Session() }
}

/** Runs within the request scope there is, or in a new one. */
export function inScope<T>(key: ScopeKey<Session>, run: () => T): T {
  return scoped(key) === undefined ? withRequestScope(run) : run()
}
