/** What a command does to which keys, as far as caches go. Names and argument orders as in the Redis manual, `redis.io/commands`. */

export type Argument = unknown

/** What is told of a command before it is answered. */
export interface CommandShape {
  /** Upper case. */
  readonly name: string
  readonly keys: readonly string[]
  /** `read` answers one value a key, in their order; `none` neither reads nor replaces whole values. */
  readonly effect: 'read' | 'set' | 'delete' | 'expire' | 'none'
  /** Of `set`, one a key. */
  readonly values?: readonly Argument[]
  /** Of `set` and `expire`, from now; undefined = none. */
  readonly ttlMs?: number | undefined
}

const reads = new Set(['GET', 'MGET', 'GETEX', 'GETDEL', 'HGET', 'HMGET', 'HGETALL', 'JSON.GET', 'GETBUFFER'])
const deletes = new Set(['DEL', 'UNLINK'])
const pairs = new Set(['MSET'])
const everyKey = new Set(['MGET', 'DEL', 'UNLINK', 'EXISTS', 'TOUCH'])
const keyThird = new Set(['EVAL', 'EVALSHA', 'EVAL_RO', 'EVALSHA_RO', 'FCALL', 'FCALL_RO'])
const hashWrites = new Set(['HSET', 'HMSET'])
/** Of the connection, of the server, or of nobody's keys. */
const silent = new Set(
  (
    'AUTH HELLO SELECT CLIENT INFO COMMAND CONFIG CLUSTER READONLY READWRITE ASKING QUIT RESET ECHO MULTI EXEC DISCARD WATCH UNWATCH ' +
    'SUBSCRIBE UNSUBSCRIBE PSUBSCRIBE PUNSUBSCRIBE SSUBSCRIBE SUNSUBSCRIBE MONITOR SYNC PSYNC REPLCONF ROLE SENTINEL WAIT SCRIPT FUNCTION ' +
    'SHUTDOWN DEBUG LATENCY SLOWLOG MODULE ACL'
  ).split(' '),
)

/** Undefined for what is no command on keys of the service: the talk of drivers about their connection. */
export function commandShape(rawName: unknown, args: readonly Argument[], nowMs: number): CommandShape | undefined {
  const name = String(rawName).toUpperCase()
  if (silent.has(name)) return undefined
  if (reads.has(name)) return { name, keys: keysOf(everyKey.has(name) ? args : args.slice(0, 1)), effect: 'read' }
  if (deletes.has(name)) return { name, keys: keysOf(args), effect: 'delete' }
  switch (name) {
    case 'SET':
      return setOf(name, args, nowMs)
    case 'SETEX':
    case 'PSETEX':
      return {
        name,
        keys: keysOf(args.slice(0, 1)),
        effect: 'set',
        values: [args[2]],
        ttlMs: numberOf(args[1]) * (name === 'SETEX' ? 1_000 : 1),
      }
    case 'EXPIRE':
    case 'PEXPIRE':
      return {
        name,
        keys: keysOf(args.slice(0, 1)),
        effect: 'expire',
        ttlMs: numberOf(args[1]) * (name === 'EXPIRE' ? 1_000 : 1),
      }
    case 'EXPIREAT':
    case 'PEXPIREAT':
      return {
        name,
        keys: keysOf(args.slice(0, 1)),
        effect: 'expire',
        ttlMs: untilMs(numberOf(args[1]) * (name === 'EXPIREAT' ? 1_000 : 1), nowMs),
      }
  }
  if (pairs.has(name)) {
    return {
      name,
      keys: keysOf(args.filter((_, at) => at % 2 === 0)),
      effect: 'set',
      values: args.filter((_, at) => at % 2 === 1),
    }
  }
  if (hashWrites.has(name))
    return { name, keys: keysOf(args.slice(0, 1)), effect: 'set', values: [args.slice(1)], ttlMs: undefined }
  if (keyThird.has(name)) return { name, keys: keysOf(args.slice(2, 2 + numberOf(args[1]))), effect: 'none' }
  return { name, keys: keysOf(everyKey.has(name) ? args : args.slice(0, 1)), effect: 'none' }
}

/** With NX it takes a lock or claims a name: whoever comes second has stored nothing. */
function setOf(name: string, args: readonly Argument[], nowMs: number): CommandShape {
  const keys = keysOf(args.slice(0, 1))
  let ttlMs: number | undefined
  for (let at = 2; at < args.length; at++) {
    const option = typeof args[at] === 'string' ? (args[at] as string).toUpperCase() : ''
    if (option === 'NX') return { name, keys, effect: 'none' }
    const value = numberOf(args[at + 1])
    if (option === 'EX') ttlMs = value * 1_000
    else if (option === 'PX') ttlMs = value
    else if (option === 'EXAT') ttlMs = untilMs(value * 1_000, nowMs)
    else if (option === 'PXAT') ttlMs = untilMs(value, nowMs)
  }
  return { name, keys, effect: 'set', values: [args[1]], ttlMs }
}

/** Rounded: the same moment seen from two seconds is no two durations. */
function untilMs(atMs: number, nowMs: number): number {
  return Math.max(0, Math.round((atMs - nowMs) / 1_000) * 1_000)
}

function numberOf(argument: Argument): number {
  const number = Number(Buffer.isBuffer(argument) ? argument.toString('latin1') : argument)
  return Number.isFinite(number) ? number : 0
}

const keysRead = 100

function keysOf(args: readonly Argument[]): string[] {
  const keys: string[] = []
  for (let at = 0; at < args.length && keys.length < keysRead; at++) addKeys(args[at], keys)
  return keys
}
function addKeys(argument: Argument, keys: string[]): void {
  if (typeof argument === 'string') keys.push(argument)
  else if (Buffer.isBuffer(argument)) keys.push(argument.toString('latin1'))
  else if (typeof argument === 'number') keys.push(String(argument))
  else if (Array.isArray(argument)) for (const one of argument) if (keys.length < keysRead) addKeys(one, keys)
}

/** Bytes of a value on its way, near enough: text counts its characters. */
export function bytesOf(value: unknown): number {
  if (typeof value === 'string') return value.length
  if (Buffer.isBuffer(value)) return value.length
  if (!Array.isArray(value)) return 0
  let bytes = 0
  for (let at = 0; at < value.length && at < keysRead; at++) bytes += bytesOf(value[at])
  return bytes
}
