/** `memjs`, a client of Memcached: every call once; the forms that give a promise end in those that call back. */
import { noteMemjsClient } from '../cache/cache-clients.ts'
import { beginCacheCall, type CacheCall } from '../cache/cache-call.ts'
import { callInRequest, currentRequest } from '../context.ts'
import { failed } from '../guard.ts'
import { level, SQL, wake } from '../level.ts'
import type { ModuleHook } from '../module-loading.ts'
import { finishCacheCall } from './finish-cache-call.ts'

type Callback = (this: unknown, ...args: unknown[]) => unknown
type Method = (this: object, ...args: unknown[]) => unknown
type Prototype = Record<string, Method | undefined>

export const memjsHooks: readonly ModuleHook[] = [
  {
    file: /\/memjs\/lib\/memjs\/memjs\.js$/,
    patch: exports => {
      const prototype = (exports as { Client?: { prototype: Prototype } }).Client?.prototype
      if (prototype) for (const [method, toCommand] of Object.entries(commands)) hook(prototype, method, toCommand)
    },
  },
]

type ToCommand = (args: readonly unknown[]) => readonly unknown[]

/** By the names and orders that Redis has for the same. */
const commands: Readonly<Record<string, ToCommand>> = {
  get: ([key]) => ['GET', key],
  set: ([key, value, options]) => setCommand(key, value, options),
  add: ([key, value, options]) => [...setCommand(key, value, options), 'NX'],
  replace: ([key, value, options]) => setCommand(key, value, options),
  delete: ([key]) => ['DEL', key],
  increment: ([key, amount]) => ['INCRBY', key, amount],
  decrement: ([key, amount]) => ['DECRBY', key, amount],
  touch: ([key, seconds]) => ['EXPIRE', key, seconds],
}

function setCommand(key: unknown, value: unknown, options: unknown): readonly unknown[] {
  const { expires } = (typeof options === 'object' && options !== null ? options : {}) as { expires?: unknown }
  return ['SET', key, value, ...(expires ? ['EX', expires] : [])]
}

function hook(prototype: Prototype, method: string, toCommand: ToCommand): void {
  const original = prototype[method]
  if (typeof original !== 'function') return
  prototype[method] = function (...args) {
    const at = args.findLastIndex(argument => typeof argument === 'function')
    const call = level < SQL || at === -1 ? undefined : begin(this, toCommand(args), prototype[method]!)
    if (call === undefined) return Reflect.apply(original, this, args)
    const callback = args[at] as Callback
    const record = currentRequest()
    args[at] = function (this: unknown, ...answer: unknown[]) {
      // `(error, value, flags)`; a key that is not there is null.
      const [error, value = null] = answer
      finishCacheCall(call, Boolean(error), value)
      return callInRequest(record, callback as (...values: never[]) => unknown, this, answer)
    }
    return Reflect.apply(original, this, args)
  }
}

const known = new WeakSet<object>()

function begin(client: object, [name, ...args]: readonly unknown[], below: Method): CacheCall | undefined {
  try {
    wake()
    if (!known.has(client)) {
      known.add(client)
      noteMemjsClient(client, below)
    }
    return beginCacheCall('memjs', name, args, { record: currentRequest(), below })
  } catch (error) {
    failed(error)
    return undefined
  }
}
