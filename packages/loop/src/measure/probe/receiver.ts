/** The tool's end of the probe's socket: any number of processes of the service report here, and one body of evidence comes out. */
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { Server, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type {
  ProbeAnswer,
  ProbeCacheClient,
  ProbeCommand,
  ProbeHello,
  ProbeLevel,
  ProbeRecord,
  Site,
} from '@whetstone/model'
import { KnownStatements } from './known-statements.ts'
import { probeEntry } from './probe-entry.ts'
import { evidenceOf } from './probe-evidence.ts'
import type { ProbeEvidence } from './probe-evidence.ts'
import { ProcessRecords } from './process-records.ts'

export interface ReceiverOptions {
  /** Default `trace`. */
  readonly level?: ProbeLevel
  /** For choosing which parameter samples stay. Default Math.random. */
  readonly random?: () => number
  /** How long `flush` and `reset` wait for a process that does not answer. Default 2 s. */
  readonly answerTimeoutMs?: number
}
export interface Injection {
  readonly socketPath: string
  /** To be merged into the environment of the service; NODE_OPTIONS already keeps what this process inherited. */
  readonly env: Readonly<Record<string, string>>
}
export interface RegisteredRoute {
  readonly method: string
  readonly pattern: string
  readonly framework: string
  readonly site?: Site
}
export interface ListeningPort {
  readonly port: number
  readonly address: string
  readonly pid: number
}

const processesKept = 256
const routesKept = 5_000
const warningsKept = 50

interface Connection {
  readonly socket: Socket
  readonly records: ProcessRecords
  readonly waiting: Map<number, () => void>
}

export class ProbeReceiver {
  readonly #options: ReceiverOptions
  readonly #statements: KnownStatements
  readonly #connections: Connection[] = []
  /** Processes that have ended keep what they reported. */
  readonly #processes: ProcessRecords[] = []
  readonly #routes = new Map<string, RegisteredRoute>()
  readonly #listening: ListeningPort[] = []
  readonly #onListening: ((port: ListeningPort) => void)[] = []
  readonly #warnings: string[] = []
  #server: Server | undefined
  #folder: string | undefined
  #lastToken = 0

  constructor(options: ReceiverOptions = {}) {
    this.#options = options
    this.#statements = new KnownStatements(options.random ?? Math.random)
  }

  async start(): Promise<Injection> {
    this.#folder = await mkdtemp(join(tmpdir(), 'whetstone-'))
    await chmod(this.#folder, 0o700)
    const socketPath = join(this.#folder, 'probe.sock')
    const server = createServer(socket => this.#accept(socket))
    this.#server = server
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(socketPath, resolve)
    })
    const inherited = process.env['NODE_OPTIONS']
    return {
      socketPath,
      env: {
        NODE_OPTIONS: [inherited, `--import=${await probeEntry()}`].filter(Boolean).join(' '),
        WHETSTONE_PROBE_SOCKET: socketPath,
        WHETSTONE_PROBE_LEVEL: this.#options.level ?? 'trace',
      },
    }
  }

  evidence(): ProbeEvidence {
    return evidenceOf(this.#processes, this.#statements.list(), this.routes())
  }

  /** Ports in the order they were opened. */
  listening(): readonly ListeningPort[] {
    return [...this.#listening]
  }

  onListening(callback: (port: ListeningPort) => void): void {
    this.#onListening.push(callback)
  }

  routes(): readonly RegisteredRoute[] {
    return [...this.#routes.values()]
  }

  /** With what it takes to connect as the service does: never part of the evidence. */
  cacheClients(): readonly ProbeCacheClient[] {
    return this.#processes.flatMap(({ cacheClients }) => [...cacheClients.values()])
  }

  /** Processes that report at this moment. */
  processes(): readonly ProbeHello[] {
    return this.#connections.map(({ records }) => records.hello)
  }

  warnings(): readonly string[] {
    return [...this.#warnings]
  }

  /** Forgets what was counted so far, here and in every process: warm-up is over. */
  async reset(): Promise<void> {
    await Promise.all(
      this.#connections.map(async connection => {
        command(connection.socket, { kind: 'reset' })
        // What was under way when the command arrived comes before the answer.
        await this.#flush(connection)
        connection.records.reset()
      }),
    )
    for (const records of this.#processes) if (!this.#isLive(records)) records.reset()
  }

  /** Resolves when every live process has sent what it has, or failed to in time. */
  async flush(): Promise<void> {
    await Promise.all(this.#connections.map(async connection => await this.#flush(connection)))
  }

  /** A full collection in every process, and what its heap then holds; with `profile` also who allocated it since `sampleHeap(true)`. */
  async collectHeap(profile = false): Promise<void> {
    await Promise.all(
      this.#connections.map(connection =>
        this.#answered(connection, token => ({ kind: 'collect', withProfile: profile, token })),
      ),
    )
  }

  sampleHeap(on: boolean): void {
    for (const { socket } of this.#connections) command(socket, { kind: 'sample-heap', on })
  }

  /** Starts a CPU profile in every process; it arrives by itself when the time is over. */
  profile(durationMs: number): void {
    for (const { socket } of this.#connections) command(socket, { kind: 'profile', durationMs })
  }

  async close(): Promise<void> {
    for (const { socket } of this.#connections) socket.destroy()
    const server = this.#server
    this.#server = undefined
    if (server) await new Promise<void>(resolve => void server.close(() => resolve()))
    if (this.#folder) await rm(this.#folder, { recursive: true, force: true })
  }

  #isLive(records: ProcessRecords): boolean {
    return this.#connections.some(connection => connection.records === records)
  }

  #flush(connection: Connection): Promise<void> {
    return this.#answered(connection, token => ({ kind: 'flush', token }))
  }

  async #answered({ socket, waiting }: Connection, order: (token: number) => ProbeCommand): Promise<void> {
    const token = ++this.#lastToken
    await new Promise<void>(resolve => {
      const timer = setTimeout(answered, this.#options.answerTimeoutMs ?? 2_000)
      function answered(): void {
        clearTimeout(timer)
        waiting.delete(token)
        resolve()
      }
      waiting.set(token, answered)
      command(socket, order(token))
    })
  }

  #accept(socket: Socket): void {
    let connection: Connection | undefined
    socket.on('error', () => socket.destroy())
    socket.on('close', () => {
      if (connection === undefined) return
      this.#connections.splice(this.#connections.indexOf(connection), 1)
      for (const answered of connection.waiting.values()) answered()
    })
    const lines = createInterface({ input: socket, crlfDelay: Infinity })
    // It passes on the errors of its socket, and one that nobody listens to would end the tool with the service.
    lines.on('error', () => {})
    lines.on('line', line => {
      const message = parsed(line)
      if (message === undefined) return
      if (connection === undefined) connection = this.#greet(socket, message)
      else this.#take(connection, message as ProbeRecord | ProbeAnswer)
    })
  }

  #greet(socket: Socket, message: object): Connection | undefined {
    const hello = message as ProbeHello
    if (hello.schema !== 'whetstone/probe@1' || this.#processes.length >= processesKept) {
      socket.destroy()
      return undefined
    }
    const connection = { socket, records: new ProcessRecords(hello), waiting: new Map<number, () => void>() }
    this.#connections.push(connection)
    this.#processes.push(connection.records)
    return connection
  }

  #take({ records, waiting }: Connection, record: ProbeRecord | ProbeAnswer): void {
    switch (record.kind) {
      case 'flushed':
        waiting.get(record.token)?.()
        break
      case 'listening': {
        const port = { port: record.port, address: record.address, pid: records.hello.pid }
        if (this.#listening.length < processesKept) this.#listening.push(port)
        for (const callback of this.#onListening) callback(port)
        break
      }
      case 'route':
        this.#addRoute(record)
        break
      case 'statement':
        this.#statements.add(record)
        break
      case 'parameters':
        this.#statements.addParameters(record.statementId, record.sample)
        break
      case 'warning':
        if (this.#warnings.length < warningsKept) this.#warnings.push(record.text)
        break
      default:
        records.add(record)
    }
  }

  #addRoute({ kind: _kind, ...route }: Extract<ProbeRecord, { kind: 'route' }>): void {
    const key = `${route.method} ${route.pattern}`
    if (this.#routes.size < routesKept && !this.#routes.has(key)) this.#routes.set(key, route)
  }
}

function command(socket: Socket, order: ProbeCommand): void {
  if (socket.writable) socket.write(`${JSON.stringify(order)}\n`)
}

/** Whatever writes to the socket is not trusted to write JSON. */
function parsed(line: string): object | undefined {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null ? value : undefined
  } catch {
    return undefined
  }
}
