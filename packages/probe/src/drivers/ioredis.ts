/** `ioredis`, from version 4 on: every command once, also of pipelines, transactions and clusters, when it is handed to a connection. */
import { beginCacheCall, type CacheCall } from '../cache/cache-call.ts'
import { currentRequest } from '../context.ts'
import { failed } from '../guard.ts'
import { level, SQL, wake } from '../level.ts'
import type { ModuleHook } from '../module-loading.ts'
import type { RequestRecord } from '../request-record.ts'
import { noteIoredisClient } from '../cache/cache-clients.ts'
import { finishCacheCall } from './finish-cache-call.ts'

type Settle = (this: unknown, ...args: unknown[]) => unknown

const record = Symbol('whetstone.record')
const isWatched = Symbol('whetstone.watched')

interface Command {
  readonly name: string
  readonly args: readonly unknown[]
  readonly inTransaction?: boolean
  resolve: Settle
  reject: Settle
  [record]?: RequestRecord | undefined
  [isWatched]?: boolean
}
interface CommandPrototype {
  initPromise: (this: Command) => unknown
}
interface Redis {
  readonly options?: object
  readonly offlineQueue?: { readonly length: number }
}
interface RedisPrototype {
  sendCommand: (this: Redis, command: Command, ...rest: unknown[]) => unknown
  connect: (this: Redis, ...args: unknown[]) => unknown
}
type Exports<Prototype> = { readonly default?: { readonly prototype: Prototype } }

export const ioredisHooks: readonly ModuleHook[] = [
  {
    file: /\/ioredis\/built\/[Cc]ommand\.js$/,
    patch: exports => hookCommand((exports as Exports<CommandPrototype>).default?.prototype),
  },
  {
    file: /\/ioredis\/built\/(?:Redis|redis\/index)\.js$/,
    patch: exports => hookRedis((exports as Exports<RedisPrototype>).default?.prototype),
  },
]

/** Where a command is made is within the request; where a pipeline sends it need not be. */
function hookCommand(prototype: CommandPrototype | undefined): void {
  const original = prototype?.initPromise
  if (typeof original !== 'function') return
  prototype!.initPromise = function initPromise() {
    if (level >= SQL) this[record] = currentRequest()
    return original.call(this)
  }
}

function hookRedis(prototype: RedisPrototype | undefined): void {
  if (typeof prototype?.sendCommand !== 'function') return
  const { sendCommand: originalSend, connect: originalConnect } = prototype
  prototype.sendCommand = function sendCommand(command, ...rest) {
    if (level >= SQL) begin(command, sendCommand as (...args: never[]) => unknown)
    const queued = this.offlineQueue?.length ?? 0
    const result = originalSend.call(this, command, ...rest)
    if (level >= SQL && (this.offlineQueue?.length ?? 0) > queued) noteIoredisClient(this, 'queued', sendCommand)
    return result
  }
  prototype.connect = function connect(...args) {
    wake()
    if (level >= SQL) noteIoredisClient(this, 'connect', connect)
    return Reflect.apply(originalConnect, this, args)
  }
}

/** Commands that waited for a connection come here again. */
function begin(command: Command, below: (...args: never[]) => unknown): void {
  try {
    if (command[isWatched] || typeof command.resolve !== 'function') return
    command[isWatched] = true
    const call = beginCacheCall('ioredis', command.name, command.args, { record: command[record], below })
    command[record] = undefined
    if (call !== undefined) watch(command, call)
  } catch (error) {
    failed(error)
  }
}

function watch(command: Command, call: CacheCall): void {
  const { resolve, reject } = command
  command.resolve = function (...args) {
    // Within MULTI the server answers QUEUED, and the value comes with EXEC.
    finishCacheCall(call, false, command.inTransaction ? undefined : args[0])
    return Reflect.apply(resolve, this, args)
  }
  command.reject = function (...args) {
    finishCacheCall(call, true)
    return Reflect.apply(reject, this, args)
  }
}
