/** The two clients of Redis as one: the little that the cache asks of them, over connections that are the user's. */
import { createHash } from 'node:crypto'

type Argument = string | Buffer

/** What we use of a `Redis` or `Cluster` of ioredis, 5 or later. */
export interface IoredisClient {
  readonly isCluster: boolean
  callBuffer(command: string, args: Argument[]): Promise<unknown>
  duplicate(...settings: never[]): unknown
}

/** What we use of `createClient()` of redis (node-redis), 5 or later. */
export interface NodeRedisClient {
  readonly isReady: boolean
  sendCommand(args: Argument[], options?: object): Promise<unknown>
  duplicate(): unknown
}

/** What we use of `createCluster()` of redis (node-redis), 5 or later. */
export interface NodeRedisCluster {
  readonly masters: readonly unknown[]
  sendCommand(firstKey: Argument | undefined, isReadonly: boolean, args: Argument[], options?: object): Promise<unknown>
  duplicate(overrides?: object): unknown
}

export type RedisClient = IoredisClient | NodeRedisClient | NodeRedisCluster

export interface Script {
  readonly source: string
  readonly sha: string
}

export const script = (source: string): Script => ({ source, sha: createHash('sha1').update(source).digest('hex') })

export interface RedisLink {
  /** Keys of one call must lie on one node. */
  readonly isCluster: boolean
  /** Bulk strings come as buffers. Sent at once: calls of one turn share a round trip. */
  command(...words: Argument[]): Promise<unknown>
  run(script: Script, keys: readonly string[], args?: readonly Argument[]): Promise<unknown>
  /** A connection of its own, for as long as it is listened. `onReady` also after every reconnection. */
  listen(channel: string, onMessage: (message: string) => void, onReady: () => void): Promise<() => Promise<void>>
}

const links = new WeakMap<RedisClient, RedisLink>()

/** The same for the same client, so that tier, leases and bus of one cache share what they may. */
export function linkOf(client: RedisClient): RedisLink {
  const known = links.get(client)
  if (known !== undefined) return known
  const made = linkBy(client)
  links.set(client, made)
  return made
}

function linkBy(client: RedisClient): RedisLink {
  if ('callBuffer' in client) return ioredisLink(client)
  return 'masters' in client ? nodeRedisClusterLink(client) : nodeRedisLink(client)
}

function ioredisLink(client: IoredisClient): RedisLink {
  const command = (name: Argument, ...args: Argument[]) => client.callBuffer(String(name), args)
  return {
    isCluster: client.isCluster,
    command,
    run: runner(command),
    async listen(channel, onMessage, onReady) {
      // Whatever limits the user's client has, this one tries for ever: who listens must hear again some day.
      // It subscribes by us, not by itself: when it is closed meanwhile, nobody would catch what its own attempt rejects with.
      const options = { maxRetriesPerRequest: null, enableOfflineQueue: true, keyPrefix: '', autoResubscribe: false }
      const settings = client.isCluster ? [[], options] : [options]
      const own = client.duplicate(...(settings as never[])) as IoredisListener
      own.on('error', nothing)
      own.on('message', (from: string, message: string) => {
        if (from === channel) onMessage(message)
      })
      await own.subscribe(channel)
      onReady()
      own.on('ready', () => void own.subscribe(channel).then(onReady, nothing))
      return async () => own.disconnect()
    },
  }
}

interface IoredisListener {
  on(event: string, listener: (...args: never[]) => void): unknown
  subscribe(channel: string): Promise<unknown>
  disconnect(): void
}

/** `$` of the protocol: as buffers, since a payload is no text. */
const asBuffers = { typeMapping: { 36: Buffer } }

function nodeRedisLink(client: NodeRedisClient): RedisLink {
  const command = (...words: Argument[]) => client.sendCommand(words, asBuffers)
  return {
    isCluster: false,
    command,
    run: runner(command),
    async listen(channel, onMessage, onReady) {
      const own = client.duplicate() as NodeRedisListener
      own.on('error', nothing)
      await own.connect()
      await own.subscribe(channel, onMessage)
      onReady()
      own.on('ready', onReady)
      return async () => own.destroy()
    },
  }
}

function nodeRedisClusterLink(cluster: NodeRedisCluster): RedisLink {
  // Never of a replica: what it says of an entry or a lease may be over already.
  const command = (...words: Argument[]) => cluster.sendCommand(firstKeyOf(words), false, words, asBuffers)
  return {
    isCluster: true,
    command,
    run: runner(command),
    async listen(channel, onMessage, onReady) {
      // It hears of every node by the one it listens to, and needs no connection to the others.
      const own = cluster.duplicate({ minimizeConnections: true }) as NodeRedisListener
      own.on('error', nothing)
      await own.connect()
      await own.subscribe(channel, onMessage)
      onReady()
      own.on('node-ready', onReady)
      return async () => own.destroy()
    },
  }
}

/** Of the commands we send: `EVALSHA sha count key …`, and else the word after the name. */
function firstKeyOf([name, ...args]: readonly Argument[]): Argument | undefined {
  return name === 'EVALSHA' || name === 'EVAL' ? args[2] : args[0]
}

interface NodeRedisListener {
  on(event: string, listener: () => void): unknown
  connect(): Promise<unknown>
  subscribe(channel: string, listener: (message: string) => void): Promise<unknown>
  destroy(): void
}

/** By its hash, which is all the server needs to see after the first time; whole after a restart or on a new node. */
function runner(command: RedisLink['command']): RedisLink['run'] {
  return async ({ source, sha }, keys, args = []) => {
    const rest = [String(keys.length), ...keys, ...args]
    try {
      return await command('EVALSHA', sha, ...rest)
    } catch (error) {
      // The first word of an error is its code in this protocol.
      if (!(error as Error).message.startsWith('NOSCRIPT')) throw error
      return await command('EVAL', source, ...rest)
    }
  }
}

function nothing(): void {}
