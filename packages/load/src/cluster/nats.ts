/** The bus between hosts, over NATS: every question is a request that the controller acknowledges, so nothing needs to be stored. */
import { randomUUID } from 'node:crypto'
import { performance } from 'node:perf_hooks'
import { connect, headers } from '@nats-io/transport-node'
import type { Msg, NatsConnection } from '@nats-io/transport-node'
import { exitCodes, WhetstoneError } from '@whetstone/model'
import type { Bus, ControlBus } from './bus.ts'
import { controlBus } from './control-bus.ts'
import { Member } from './member.ts'
import type { Link } from './protocol.ts'

export interface NatsOptions {
  /** `nats://host:4222`, `nats://user:password@host`, or `tls://host`. */
  readonly url: string
  /** Members of one run share it: letters, digits, `-` and `_`. */
  readonly run: string
}

/** Longer than the hub holds a reply; a lost one is asked for again after this. */
const ASK_TIMEOUT_MS = 1000
/** With a beat every half second, a controller that is gone is noticed within three seconds. */
const PATIENCE_MS = 2400
const CONNECT_TIMEOUT_MS = 5000
/** Of a message, for its subject and headers. */
const ENVELOPE_BYTES = 4096
/** Long questions under way at once; more would mean that their senders are gone. */
const MAX_OPEN_QUESTIONS = 1000
const decoder = new TextDecoder()

/** Throws `WHET_LOAD_NATS` when no server answers there, `WHET_URL` when it is none. */
export async function natsControlBus({ url, run }: NatsOptions): Promise<ControlBus> {
  const connection = await open(url, 'whetstone controller')
  return await controlBus(hub => {
    const questions = new Assembly()
    const answer = async (message: Msg) => {
      const text = questions.add(message)
      if (text === undefined) message.respond()
      else respond(connection, message, await hub.handle(text))
    }
    connection.subscribe(hubSubject(run), {
      callback(error, message) {
        // Anybody can write to this subject: what is no question gets no answer.
        if (!error) void answer(message).catch(() => undefined)
      },
    })
    return {
      broadcast: text => connection.publish(controlSubject(run), text),
      close: () => connection.drain(),
    }
  })
}

/** Throws as `natsControlBus`. The run's controller may come later. */
export async function joinNats({ url, run }: NatsOptions, name: string): Promise<Bus> {
  const connection = await open(url, `whetstone worker ${name}`)
  const link: Link = {
    ask: text => ask(connection, hubSubject(run), Buffer.from(text)),
    onBroadcast(listener) {
      connection.subscribe(controlSubject(run), {
        callback(error, message) {
          if (!error) listener(message.string())
        },
      })
    },
    close: () => connection.close(),
  }
  return new Member({ name, link, patienceMs: PATIENCE_MS, now: () => performance.now() })
}

const hubSubject = (run: string) => `whetstone.load.${run}.hub`
const controlSubject = (run: string) => `whetstone.load.${run}.control`

async function open(url: string, name: string): Promise<NatsConnection> {
  const address = parsed(url)
  try {
    return await connect({
      servers: address.host,
      name,
      timeout: CONNECT_TIMEOUT_MS,
      // A restarted server is found again; who is gone for good is noticed by the questions that nobody answers.
      maxReconnectAttempts: -1,
      reconnectTimeWait: 250,
      ...(address.username === '' ? {} : { user: decodeURIComponent(address.username) }),
      ...(address.password === '' ? {} : { pass: decodeURIComponent(address.password) }),
      ...(address.protocol === 'tls:' ? { tls: {} } : {}),
    })
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new WhetstoneError('WHET_LOAD_NATS', `NATS at ${address.host} cannot be used: ${why}`, {
      exitCode: exitCodes.target,
      hint: 'start it with: nats-server',
      cause: error,
    })
  }
}

function parsed(url: string): URL {
  if (URL.canParse(url)) {
    const address = new URL(url)
    if ((address.protocol === 'nats:' || address.protocol === 'tls:') && address.host !== '') return address
  }
  throw new WhetstoneError('WHET_URL', 'the address of NATS is not a URL', { hint: 'nats://127.0.0.1:4222' })
}

/** In pieces where it is longer than the server takes; the answer comes with the last. */
async function ask(connection: NatsConnection, subject: string, text: Buffer): Promise<string> {
  const largest = (connection.info?.max_payload ?? 1_048_576) - ENVELOPE_BYTES
  const of = Math.ceil(text.length / largest)
  if (of === 1) return (await connection.request(subject, text, { timeout: ASK_TIMEOUT_MS })).string()
  const id = randomUUID()
  for (let index = 0; ; index++) {
    const pieceHeaders = headers()
    pieceHeaders.set('piece', `${id} ${index} ${of}`)
    const piece = text.subarray(index * largest, (index + 1) * largest)
    const reply = await connection.request(subject, piece, { timeout: ASK_TIMEOUT_MS, headers: pieceHeaders })
    if (index === of - 1) return reply.string()
  }
}

function respond(connection: NatsConnection, message: Msg, reply: string): void {
  const bytes = Buffer.byteLength(reply)
  const fits = bytes <= (connection.info?.max_payload ?? 1_048_576) - ENVELOPE_BYTES
  message.respond(fits ? reply : JSON.stringify({ kind: 'too-large', bytes, from: 0, controls: [], clockMs: 0 }))
}

/** Puts questions together that came in pieces. */
class Assembly {
  readonly #pieces = new Map<string, Uint8Array[]>()

  /** The whole question once its last piece has come. A sender waits for each piece to be acknowledged, so they come in order. */
  add(message: Msg): string | undefined {
    const header = message.headers?.get('piece')
    if (!header) return message.string()
    const [id, index, of] = header.split(' ') as [string, string, string]
    const pieces = this.#pieces.get(id) ?? []
    pieces[Number(index)] = message.data
    if (Number(index) < Number(of) - 1) {
      this.#pieces.set(id, pieces)
      if (this.#pieces.size > MAX_OPEN_QUESTIONS) this.#pieces.delete(this.#pieces.keys().next().value!)
      return undefined
    }
    this.#pieces.delete(id)
    return decoder.decode(Buffer.concat(pieces))
  }
}
