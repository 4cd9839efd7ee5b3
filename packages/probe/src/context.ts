/** Which request the running code belongs to. */
import { AsyncLocalStorage } from 'node:async_hooks'
import type { RequestRecord } from './request-record.ts'

const storage = new AsyncLocalStorage<RequestRecord>()

/** On the request object too: route naming then needs no asynchronous context, which is what keeps level `red` cheap. */
const onRequest = Symbol('whetstone.request')

export function currentRequest(): RequestRecord | undefined {
  return storage.getStore()
}

export function runInRequest<Result>(record: RequestRecord, run: () => Result): Result {
  return storage.run(record, run)
}

/** Calls `callback` as the driver would have, inside the request that handed it over: pools call back from whoever released a connection. */
export function callInRequest(
  record: RequestRecord | undefined,
  callback: (...args: never[]) => unknown,
  self: unknown,
  args: ArrayLike<unknown>,
): unknown {
  if (record === undefined || storage.getStore() === record) return Reflect.apply(callback, self, args)
  return storage.run(record, Reflect.apply, callback, self, args as readonly unknown[])
}

export function attachRequest(request: object, record: RequestRecord): void {
  Object.defineProperty(request, onRequest, { value: record, enumerable: false, configurable: true })
}

export function attachedRequest(request: object | undefined): RequestRecord | undefined {
  return (request as { [onRequest]?: RequestRecord } | undefined)?.[onRequest]
}
