/** A connection to the user's Redis that only asks: what may be sent is a short list, and each answer is waited for a bounded time. */
import { connect as connectPlain, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { exitCodes, maskSecrets, WhetstoneError } from '@whetstone/model'
import { reasonOf } from '../parts.ts'
import { addressOf } from './addresses.ts'
import { encoded, type Reply, ReplyError, ReplyReader } from './resp.ts'

export interface RedisConnection {
  /** @throws ReplyError what the server refuses; Error when the connection is lost or the answer late */
  ask(...words: readonly [Question, ...string[]]): Promise<Reply>
  /** All at once, in their order; what is refused is a ReplyError among them. */
  askAll(questions: readonly (readonly [Question, ...string[]])[]): Promise<readonly Reply[]>
  close(): void
}

/** None of them changes a key, and none of them is slow on a large one. */
export type Question =
  | 'INFO'
  | 'PING'
  | 'SCAN'
  | 'TYPE'
  | 'PTTL'
  | 'MEMORY'
  | 'LLEN'
  | 'SCARD'
  | 'ZCARD'
  | 'HLEN'
  | 'XLEN'
  | 'SLOWLOG'
  | 'LATENCY'
  | 'CONFIG'

/** For drills, which the user has to allow by name: what they change comes back by itself, or is loaded again. */
export interface DrillConnection extends RedisConnection {
  /** The server answers nobody for so long, this connection included. */
  pauseAll(durationMs: number): Promise<void>
  resume(): Promise<void>
  delete(key: string): Promise<void>
}

export const clientName = 'whetstone'
const connectTimeoutMs = 3_000
const answerTimeoutMs = 3_000

/** @throws WHET_REDIS_UNREACHABLE */
export async function connectRedis(url: string): Promise<RedisConnection> {
  return await connectTo(url)
}

/** @throws WHET_DRILL_REFUSED for what is not Redis on this machine; WHET_REDIS_UNREACHABLE */
export async function connectForDrill(url: string): Promise<DrillConnection> {
  const { isLocal, isMemcached } = addressOf(url)
  if (!isLocal || isMemcached)
    throw new WhetstoneError('WHET_DRILL_REFUSED', `the cache ${maskSecrets(url)} is no Redis on this machine`, {
      hint: 'a drill breaks the cache for everybody who uses it: point the service at a Redis of its own, on 127.0.0.1',
    })
  return await connectTo(url)
}

async function connectTo(url: string): Promise<Connection> {
  let connection: Connection | undefined
  try {
    const { host, port, isTls, username, password, database } = addressOf(url)
    connection = new Connection(await opened(host, port, isTls))
    if (password !== undefined)
      await connection.send(username === undefined ? ['AUTH', password] : ['AUTH', username, password])
    if (database > 0) await connection.send(['SELECT', String(database)])
    await connection.send(['PING'])
    // For the slow log and for whoever looks at the list of clients; servers that do not know it do not mind.
    await connection.send(['CLIENT', 'SETNAME', clientName]).catch(() => undefined)
    return connection
  } catch (cause) {
    connection?.close()
    throw unreachable(url, cause)
  }
}

/** @throws Error when it does not open in time */
export async function opened(host: string, port: number, isTls: boolean): Promise<Socket> {
  const socket = isTls ? connectTls({ host, port, servername: host }) : connectPlain({ host, port })
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no connection within ${connectTimeoutMs} ms`)), connectTimeoutMs)
    socket.once(isTls ? 'secureConnect' : 'connect', resolve)
    socket.once('error', reject)
    socket.once('close', () => clearTimeout(timer))
    socket.once(isTls ? 'secureConnect' : 'connect', () => clearTimeout(timer))
  }).catch((error: unknown) => {
    socket.destroy()
    throw error
  })
  return socket
}

interface Waiting {
  readonly resolve: (reply: Reply) => void
  readonly reject: (error: Error) => void
  readonly timer: NodeJS.Timeout
}

class Connection implements DrillConnection {
  readonly #socket: Socket
  readonly #reader = new ReplyReader()
  readonly #waiting: Waiting[] = []
  #lost: Error | undefined

  constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', (chunk: Buffer) => this.#take(chunk))
    socket.on('error', error => this.#lose(error))
    socket.on('close', () => this.#lose(new Error('the connection was closed')))
  }

  ask(...words: readonly [Question, ...string[]]): Promise<Reply> {
    return this.send(words)
  }

  async askAll(questions: readonly (readonly [Question, ...string[]])[]): Promise<readonly Reply[]> {
    const refused = (error: unknown): Reply => {
      if (error instanceof ReplyError) return error
      throw error
    }
    return await Promise.all(questions.map(words => this.send(words).catch(refused)))
  }

  async pauseAll(durationMs: number): Promise<void> {
    await this.send(['CLIENT', 'PAUSE', String(durationMs), 'ALL'])
  }

  async resume(): Promise<void> {
    await this.send(['CLIENT', 'UNPAUSE'])
  }

  async delete(key: string): Promise<void> {
    await this.send(['DEL', key])
  }

  send(words: readonly string[]): Promise<Reply> {
    return new Promise((resolve, reject) => {
      if (this.#lost) {
        reject(this.#lost)
        return
      }
      const timer = setTimeout(() => this.#lose(new Error(`no answer within ${answerTimeoutMs} ms`)), answerTimeoutMs)
      this.#waiting.push({ resolve, reject, timer })
      this.#socket.write(encoded(words))
    })
  }

  close(): void {
    this.#lose(new Error('the connection was closed'))
  }

  #take(chunk: Buffer): void {
    try {
      for (const reply of this.#reader.add(chunk)) {
        const waiting = this.#waiting.shift()
        if (waiting === undefined) continue
        clearTimeout(waiting.timer)
        if (reply instanceof ReplyError) waiting.reject(reply)
        else waiting.resolve(reply)
      }
    } catch (error) {
      this.#lose(error as Error)
    }
  }

  #lose(error: Error): void {
    this.#lost ??= error
    this.#socket.destroy()
    for (const { reject, timer } of this.#waiting.splice(0)) {
      clearTimeout(timer)
      reject(this.#lost)
    }
  }
}

export function unreachable(url: string, cause: unknown): WhetstoneError {
  const reason = maskSecrets(reasonOf(cause))
  return new WhetstoneError('WHET_REDIS_UNREACHABLE', `cannot read the cache ${maskSecrets(url)}: ${reason}`, {
    hint: hintFor(reason),
    cause,
    exitCode: exitCodes.target,
  })
}

function hintFor(reason: string): string {
  if (/^(?:NOAUTH|WRONGPASS|ERR invalid password|ERR AUTH)/.test(reason))
    return 'give user and password in the URL: --redis redis://user:password@127.0.0.1:6379'
  if (reason.startsWith('NOPERM'))
    return 'its user needs +ping +info, and for the rest +scan +type +pttl +memory|usage +slowlog|get'
  if (/protocol of Redis/.test(reason)) return 'with TLS it is rediss://…, and a Memcached is memcached://…'
  return 'check that it is running and that this works: redis-cli -u "$WHETSTONE_REDIS_URL" ping'
}
