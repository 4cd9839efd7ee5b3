/** What belongs to one request of the service and to nobody else: the batches it opened, the writes it must be able to read. */
import { AsyncLocalStorage } from 'node:async_hooks'

const scopes = new AsyncLocalStorage<Map<ScopeKey<unknown>, unknown>>()

/** Names a value of a scope; `make` is called at the first asking in each scope. */
export interface ScopeKey<T> {
  readonly make: () => T
}

/** Runs a request: what it awaits, and nothing else, sees its scope. A scope within a scope is one of its own. */
export function withRequestScope<T>(run: () => T): T {
  return scopes.run(new Map(), run)
}

/** The value in this request's scope; undefined outside any. */
export function scoped<T>(key: ScopeKey<T>): T | undefined {
  const scope = scopes.getStore()
  if (scope === undefined) return undefined
  if (!scope.has(key)) scope.set(key, key.make())
  return scope.get(key) as T
}
