/** Clients of cache servers as the service has set them up: where they connect, and how long they wait. */
import type { CacheClient, ProbeCacheClient } from '@whetstone/model'
import { captureCallSite } from '../call-site.ts'
import { failed } from '../guard.ts'

type Below = (...args: never[]) => unknown
type Settings = Readonly<Record<string, unknown>>

const clientsKept = 100

class ClientFigures {
  readonly setUp: Omit<CacheClient, 'clients' | 'connects' | 'queuedOffline'>
  readonly credentials: Pick<ProbeCacheClient, 'username' | 'password' | 'tls'>
  connects = 0
  queuedOffline = 0
  changed = true

  constructor(setUp: ClientFigures['setUp'], credentials: ClientFigures['credentials']) {
    this.setUp = setUp
    this.credentials = credentials
  }
}

const known = new WeakMap<object, ClientFigures>()
const clients: ClientFigures[] = []

export function noteIoredisClient(
  client: { readonly options?: object },
  what: 'connect' | 'queued',
  below: unknown,
): void {
  note(client, what, () => fromIoredis((client.options ?? {}) as Settings), below as Below)
}

export function noteNodeRedisClient(client: object, below: unknown): void {
  note(
    client,
    'connect',
    () => fromNodeRedis(((client as { options?: object }).options ?? {}) as Settings),
    below as Below,
  )
}

export function noteMemjsClient(client: object, below: unknown): void {
  note(client, 'connect', () => fromMemjs(client as unknown as Settings), below as Below)
}

type Read = Omit<ClientFigures['setUp'], 'site'> & { readonly credentials: ClientFigures['credentials'] }

function note(client: object, what: 'connect' | 'queued', read: () => Read, below: Below): void {
  try {
    let figures = known.get(client)
    if (figures === undefined) {
      if (clients.length >= clientsKept) return
      const { credentials, ...setUp } = read()
      const { site } = captureCallSite(below)
      figures = new ClientFigures({ ...setUp, ...(site && { site }) }, credentials)
      known.set(client, figures)
      clients.push(figures)
    }
    figures[what === 'connect' ? 'connects' : 'queuedOffline']++
    figures.changed = true
  } catch (error) {
    failed(error)
  }
}

/** Those that changed since the last call, with the number they are known by. */
export function takeCacheClients(): ProbeCacheClient[] {
  return clients.flatMap((figures, clientId) => {
    if (!figures.changed) return []
    figures.changed = false
    const { setUp, credentials, connects, queuedOffline } = figures
    return [{ clientId, client: { ...setUp, clients: 1, connects, queuedOffline }, ...credentials }]
  })
}

export function resetCacheClients(): void {
  for (const figures of clients) {
    figures.connects = figures.queuedOffline = 0
    figures.changed = true
  }
}

function fromIoredis(options: Settings): Read {
  const sentinels = options['sentinels']
  return {
    driver: 'ioredis',
    mode: Array.isArray(sentinels)
      ? 'sentinel'
      : options['isClusterNode'] === true || 'redisGroup' in options
        ? 'cluster'
        : 'single',
    host: text(options['path']) ?? text(options['host']) ?? '127.0.0.1',
    port: number(options['port']) ?? 6_379,
    ...optional('database', number(options['db'])),
    ...optional('commandTimeoutMs', number(options['commandTimeout'])),
    ...optional('connectTimeoutMs', number(options['connectTimeout'])),
    ...optional(
      'maxRetries',
      options['maxRetriesPerRequest'] === null ? null : number(options['maxRetriesPerRequest']),
    ),
    offlineQueue: options['enableOfflineQueue'] !== false,
    credentials: credentialsOf(options, Boolean(options['tls'])),
  }
}

function fromNodeRedis(options: Settings): Read {
  const socket = (options['socket'] ?? {}) as Settings
  const url = parsed(text(options['url']))
  const commandOptions = (options['commandOptions'] ?? {}) as Settings
  return {
    driver: 'redis',
    mode: 'single',
    host: text(socket['path']) ?? text(socket['host']) ?? url?.hostname ?? '127.0.0.1',
    port: number(socket['port']) ?? number(url?.port) ?? 6_379,
    ...optional('database', number(options['database']) ?? number(url?.pathname.slice(1))),
    ...optional('commandTimeoutMs', number(commandOptions['timeout'])),
    ...optional('connectTimeoutMs', number(socket['connectTimeout'])),
    offlineQueue: options['disableOfflineQueue'] !== true,
    credentials: credentialsOf(
      { username: options['username'] ?? url?.username, password: options['password'] ?? url?.password },
      Boolean(socket['tls']) || url?.protocol === 'rediss:',
    ),
  }
}

function fromMemjs(client: Settings): Read {
  const options = (client['options'] ?? {}) as Settings
  const [server] = (client['servers'] ?? []) as readonly Settings[]
  const timeoutSeconds = number(options['timeout'])
  return {
    driver: 'memjs',
    mode: 'single',
    host: text(server?.['host']) ?? '127.0.0.1',
    port: number(server?.['port']) ?? 11_211,
    ...(timeoutSeconds ? { commandTimeoutMs: timeoutSeconds * 1_000 } : {}),
    ...optional('maxRetries', number(options['retries'])),
    offlineQueue: true,
    credentials: {},
  }
}

function credentialsOf({ username, password }: Settings, tls: boolean): ClientFigures['credentials'] {
  return {
    ...optional('username', text(username)),
    ...optional('password', text(password)),
    ...(tls && { tls }),
  }
}

function optional<Name extends string, Value>(name: Name, value: Value | undefined): Partial<Record<Name, Value>> {
  return (value === undefined ? {} : { [name]: value }) as Partial<Record<Name, Value>>
}
function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}
function number(value: unknown): number | undefined {
  if (value === undefined || value === null || value === '') return undefined
  const read = Number(value)
  return Number.isFinite(read) ? read : undefined
}
function parsed(url: string | undefined): URL | undefined {
  return url !== undefined && URL.canParse(url) ? new URL(url) : undefined
}
