/** `redis` (node-redis), from version 4 on: every command once, when it is put into the queue of its client; pools, transactions and clusters end there too. */
import { beginCacheCall, type CacheCall } from '../cache/cache-call.ts'
import { noteNodeRedisClient } from '../cache/cache-clients.ts'
import { currentRequest } from '../context.ts'
import { failed } from '../guard.ts'
import { level, SQL, wake } from '../level.ts'
import type { ModuleHook } from '../module-loading.ts'
import { finishCacheCall } from './finish-cache-call.ts'

interface Queue {
  addCommand: (this: unknown, args: readonly unknown[], options?: { readonly chainId?: unknown }) => unknown
}
interface Client {
  connect: (this: object, ...args: unknown[]) => unknown
}
type Exports<Prototype> = { readonly default?: { readonly prototype: Prototype } }

export const nodeRedisHooks: readonly ModuleHook[] = [
  {
    file: /\/@(?:redis|node-redis)\/client\/dist\/lib\/client\/commands-queue\.js$/,
    patch: exports => hookQueue((exports as Exports<Queue>).default?.prototype),
  },
  {
    file: /\/@(?:redis|node-redis)\/client\/dist\/lib\/client\/index\.js$/,
    patch: exports => hookClient((exports as Exports<Client>).default?.prototype),
  },
]

function hookQueue(prototype: Queue | undefined): void {
  const original = prototype?.addCommand
  if (typeof original !== 'function') return
  prototype!.addCommand = function addCommand(args, options) {
    const call = level < SQL ? undefined : begin(args, addCommand)
    const answer = Reflect.apply(original, this, arguments as unknown as unknown[])
    if (call === undefined || !(answer instanceof Promise)) return answer
    return watched(answer, call, options?.chainId !== undefined)
  }
}

function begin(args: readonly unknown[], below: Queue['addCommand']): CacheCall | undefined {
  try {
    return beginCacheCall('redis', args[0], args.slice(1), { record: currentRequest(), below })
  } catch (error) {
    failed(error)
    return undefined
  }
}

/** The promise that is handed on, so that a failure that nobody looks at is still one that nobody looks at. */
function watched(answer: Promise<unknown>, call: CacheCall, isChained: boolean): Promise<unknown> {
  return answer.then(
    reply => {
      finishCacheCall(call, false, isChained && isQueued(reply) ? undefined : reply)
      return reply
    },
    (error: unknown) => {
      finishCacheCall(call, true)
      throw error
    },
  )
}

/** Pipelines are chains like transactions; in these the server answers QUEUED, and the value comes with EXEC. */
function isQueued(reply: unknown): boolean {
  return (typeof reply === 'string' || Buffer.isBuffer(reply)) && String(reply) === 'QUEUED'
}

function hookClient(prototype: Client | undefined): void {
  const original = prototype?.connect
  if (typeof original !== 'function') return
  prototype!.connect = function connect(...args) {
    wake()
    if (level >= SQL) noteNodeRedisClient(this, connect)
    return Reflect.apply(original, this, args)
  }
}
