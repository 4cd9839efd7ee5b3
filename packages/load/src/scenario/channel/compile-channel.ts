/** WebSocket and event-stream steps: templates are filled when the connection opens and when each message is due. */
import type { Expectation } from '../../wire/expectation.ts'
import { openEventStream } from '../../wire/server-sent-events.ts'
import { openWebSocket } from '../../wire/websocket.ts'
import type { SocketMessage } from '../../wire/websocket.ts'
import { describedCondition, messageTest } from '../check.ts'
import type { World } from '../compile-request.ts'
import { planDraws, routePath } from '../compile-request.ts'
import type { ChannelStep } from '../compiled.ts'
import type { Request } from '../definition.ts'
import { checkKeys } from '../known-keys.ts'
import { jsonPieces } from '../request/json-template.ts'
import { writeRequest } from '../request/write-request.ts'
import type { FlowScope } from '../scope.ts'
import type { Site } from '../site.ts'
import { scenarioError } from '../site.ts'
import type { Fill } from '../template.ts'
import { filler, parseTemplate, utf8AsLatin1, valueAt } from '../template.ts'
import { drawMs, milliseconds } from '../think-time.ts'
import type { VirtualUser } from '../user.ts'
import type { ChannelOptions, EventsStep, Hear, Say, Talk, WebSocketOptions, WebSocketStep } from './talk.ts'

/** A conversation without an end is a soak test of one user; let the run's own length decide instead. */
const MAX_ROUNDS = 1_000_000

const CHANNEL_KEYS = { name: true, headers: true, with: true, auth: true } as const satisfies Record<
  keyof ChannelOptions,
  true
>
const WEBSOCKET_KEYS = {
  ...CHANNEL_KEYS,
  protocols: true,
  connectTimeout: true,
  repeat: true,
} as const satisfies Record<keyof WebSocketOptions, true>

/** Throws `WHET_SCENARIO`. */
export function webSocketStep(step: WebSocketStep, scope: FlowScope, world: World): ChannelStep {
  const { options, site } = step
  checkKeys('websocket', options, WEBSOCKET_KEYS, site)
  const { route, open } = opening('WS', step, {}, scope, world)
  const { protocols = [], connectTimeout = '10s', repeat = 1 } = options
  if (!(Number.isInteger(repeat) && repeat >= 1 && repeat <= MAX_ROUNDS)) {
    throw scenarioError(site, `repeat is ${repeat}; it must be a whole number from 1 to ${MAX_ROUNDS}`)
  }
  const connectTimeoutMs = milliseconds(connectTimeout, site)
  const turns = step.talk.map(talk => turnOf(talk, route, scope, world, site))
  return {
    kind: 'channel',
    route,
    open(user: VirtualUser, events) {
      const settings = { target: world.target, ...open(user), protocols, connectTimeoutMs }
      return openWebSocket(settings, conversation(turns, repeat, user), events)
    },
  }
}

/** Throws `WHET_SCENARIO`. */
export function eventsStep(step: EventsStep, scope: FlowScope, world: World): ChannelStep {
  const { options, talk, site } = step
  checkKeys('events', options, CHANNEL_KEYS, site)
  if (talk.length === 0) throw scenarioError(site, 'there is nothing to hear; leave the list out to wait for one event')
  // Not that of the scenario, which is for its requests.
  const { route, open } = opening('SSE', step, { accept: 'text/event-stream' }, scope, world)
  const waits = talk.map(hear => {
    const { event } = hear
    return { ...expectation(hear, route, world, site), ...(event === undefined ? {} : { event }) }
  })
  return {
    kind: 'channel',
    route,
    open: (user: VirtualUser, events) => openEventStream({ target: world.target, ...open(user) }, waits, events),
  }
}

/** The request that opens the connection, by the rules of every other request. */
function opening(
  kind: string,
  { path, options, site }: { readonly path: string; readonly options: ChannelOptions; readonly site: Site | undefined },
  headers: Readonly<Record<string, string>>,
  scope: FlowScope,
  world: World,
) {
  const route = world.route(options.name ?? `${kind} ${routePath(path)}`)
  const draws = planDraws(options.with, scope, world, site)
  const request: Request = {
    kind: 'request',
    method: 'GET',
    path,
    options: { headers: { ...headers, ...options.headers } },
    site,
  }
  const withToken = world.tokens !== undefined && options.auth !== false
  const written = writeRequest(request, withToken ? world.request : { ...world.request, auth: undefined })
  for (const placeholder of written.names) scope.use(placeholder, site)
  if (withToken && world.tokens?.perUser) scope.useAll()
  return {
    route,
    open: (user: VirtualUser) => {
      if (user.fault !== undefined) throw user.fault
      for (const { name, draw } of draws) user.variables[name] = draw(user)
      return opened(written.write(user))
    },
  }
}

/** Path and headers of an encoded request. */
function opened(encoded: string): { readonly path: string; readonly headers: Readonly<Record<string, string>> } {
  const [requestLine = '', ...lines] = encoded.slice(0, -4).split('\r\n')
  const headers = lines.map(line => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)] as const)
  return { path: requestLine.split(' ')[1]!, headers: Object.fromEntries(headers) }
}

/** What comes next in a conversation: something said or heard, or a time to let pass before. */
type Turn =
  | { readonly kind: 'message'; readonly data: Fill | undefined; readonly expect: Expectation | undefined }
  | { readonly kind: 'afterMs' | 'afterAnswerMs'; readonly ms: (user: VirtualUser, round: number) => number }

function turnOf(talk: Talk, route: number, scope: FlowScope, world: World, site: Site | undefined): Turn {
  switch (talk.kind) {
    case 'say': {
      const expect = talk.answer === undefined ? undefined : expectation(talk.answer, route, world, talk.site)
      return { kind: 'message', data: messageFill(talk, scope), expect }
    }
    case 'hear':
      return { kind: 'message', data: undefined, expect: expectation(talk, route, world, site) }
    case 'think':
    case 'pace': {
      const place = world.values.place()
      const { time } = talk
      // Rounds are apart from each other in the upper bits, which no scenario has places for.
      const ms = (user: VirtualUser, round: number) => drawMs(time, world.seed, user.arrival, place ^ (round << 12))
      return { kind: talk.kind === 'pace' ? 'afterMs' : 'afterAnswerMs', ms }
    }
  }
}

function messageFill({ message, site }: Say, scope: FlowScope): Fill {
  const pieces = typeof message === 'string' ? textPieces(message) : jsonPieces(message)
  for (const piece of pieces) if (typeof piece !== 'string') scope.use(piece.placeholder, site)
  const fill = filler(
    pieces.map(piece => (typeof piece === 'string' ? utf8AsLatin1(piece) : valueAt(piece.placeholder, piece.place))),
  )
  // Frames take text and encode it themselves; templates give its bytes.
  return user => Buffer.from(fill(user), 'latin1').toString('utf8')
}

function textPieces(message: string) {
  return parseTemplate(message).map(part =>
    typeof part === 'string' ? part : { placeholder: part, place: 'text' as const },
  )
}

function expectation(hear: Hear, route: number, world: World, site: Site | undefined): Expectation {
  const { condition, name, within = '10s', count = 1, event } = hear
  if (!(Number.isInteger(count) && count >= 1)) throw scenarioError(site, `hear(…) waits for ${count} messages`)
  const what = condition === undefined ? (event ?? 'a message') : describedCondition(condition)
  return {
    ...(condition === undefined ? {} : messageTest(condition, site)),
    count,
    deadlineMs: milliseconds(within, site),
    check: world.check(name ?? `hears ${what}${count === 1 ? '' : `, ${count} times`}`, route),
  }
}

function* conversation(turns: readonly Turn[], rounds: number, user: VirtualUser): Generator<SocketMessage> {
  let due: SocketMessage['due'] | undefined
  for (let round = 0; round < rounds; round++) {
    for (const turn of turns) {
      if (turn.kind !== 'message') {
        due = turn.kind === 'afterMs' ? { afterMs: turn.ms(user, round) } : { afterAnswerMs: turn.ms(user, round) }
        continue
      }
      const { data, expect } = turn
      yield {
        ...(data === undefined ? {} : { data: data(user) }),
        ...(expect === undefined ? {} : { expect }),
        ...(due === undefined ? {} : { due }),
      }
      due = undefined
    }
  }
  // A wait at the very end keeps the connection open that long.
  if (due !== undefined) yield { due }
}
