/** Who keeps the main thread busy: every profile sample is charged once, to the nearest function of the service and to the kind of work below it. */
import type { CpuProfile, CpuProfileEvidence, Frame, ProfileNode, RouteName, TracesEvidence } from '@whetstone/model'
import { memo } from './memo.ts'
import { readRoutes } from './routes.ts'

/** Each kind belongs to one practice, so that one cause is one finding. */
export type Work = 'json' | 'sync' | 'own'

export interface Charge {
  readonly work: Work
  /** The builtin (`JSON.stringify`, `pbkdf2Sync`), or the function itself. */
  readonly name: string
  /** Nearest function of the service; absent where only dependencies and the runtime were on the stack. */
  readonly frame?: Frame
  readonly route?: RouteName
  readonly samples: number
  /** Share of the samples in which the process did anything. */
  readonly busyFraction: number
  readonly totalMs: number
}

export interface MainThread {
  /** Most samples first. */
  readonly charges: readonly Charge[]
  readonly busySamples: number
  readonly busyMs: number
  readonly durationMs: number
  readonly requests: number
}

/** All processes together. Undefined when nothing was sampled. */
export function readMainThread(
  evidence: CpuProfileEvidence | undefined,
  traces?: TracesEvidence,
): MainThread | undefined {
  if (!evidence) return undefined
  const { charges, ...whole } = chargesOf(evidence)
  if (whole.busySamples === 0) return undefined
  const routes = (traces?.routes ?? []).filter(({ site }) => site?.length)
  const routeOf = (stack: readonly ProfileNode[]): RouteName | undefined =>
    routes.find(({ site }) => stack.some(node => node.file === site![0]!.file && node.line === site![0]!.line))?.route
  const named = charges.map(({ stack, ...charge }) => {
    const route = routeOf(stack)
    return { ...charge, ...(route === undefined ? {} : { route }) }
  })
  return { ...whole, charges: named }
}

/** CPU milliseconds per request of the charge's route, or of all requests when the route is not known. */
export function msPerRequest(charge: Charge, thread: MainThread, traces: TracesEvidence | undefined): number {
  const reading = traces && charge.route !== undefined ? readRoutes(traces).get(charge.route) : undefined
  const requests = thread.requests * (reading?.requestFraction ?? 1)
  return requests > 0 ? charge.totalMs / requests : 0
}

interface RawCharge extends Charge {
  /** Functions of the service above the sample, innermost first. */
  readonly stack: readonly ProfileNode[]
}

const chargesOf = memo((evidence: CpuProfileEvidence) => {
  const byKey = new Map<string, { charge: Omit<RawCharge, 'busyFraction'>; lines: Map<number, number> }>()
  let busySamples = 0
  let busyMs = 0
  let durationMs = 0
  let requests = 0
  for (const profile of evidence.profiles) {
    const msPerSample = profile.samples > 0 ? profile.durationMs / profile.samples : 0
    busySamples += profile.busySamples
    busyMs += profile.busySamples * msPerSample
    durationMs += profile.durationMs
    requests += profile.requests
    for (const { work, name, owner, stack, node } of placed(profile)) {
      const key = `${work}|${work === 'own' ? '' : name}|${owner ? `${owner.file}:${owner.line}:${owner.function}` : ''}`
      const known = byKey.get(key)
      const samples = (known?.charge.samples ?? 0) + node.selfSamples
      const totalMs = (known?.charge.totalMs ?? 0) + node.selfSamples * msPerSample
      const lines = known?.lines ?? new Map<number, number>()
      if (owner === node) for (const [line, ticks] of node.lines ?? []) lines.set(line, (lines.get(line) ?? 0) + ticks)
      byKey.set(key, {
        charge: {
          ...(known?.charge ?? { work, name, stack, ...(owner ? { frame: frameOf(owner) } : {}) }),
          samples,
          totalMs,
        },
        lines,
      })
    }
  }
  const charges = [...byKey.values()]
    .map(({ charge, lines }): RawCharge => {
      const [hottest] = [...lines].toSorted((a, b) => b[1] - a[1] || a[0] - b[0])
      // A few ticks of its own say little about a function whose time is spent in what it calls.
      const ownTicks = [...lines.values()].reduce((sum, ticks) => sum + ticks, 0)
      const isOwnWork = ownTicks >= charge.samples / 2
      const frame =
        charge.frame && hottest && isOwnWork ? { ...charge.frame, line: hottest[0], column: 1 } : charge.frame
      return {
        ...charge,
        ...(frame ? { frame } : {}),
        busyFraction: busySamples > 0 ? charge.samples / busySamples : 0,
      }
    })
    .toSorted((a, b) => b.samples - a.samples || a.name.localeCompare(b.name))
  return { charges, busySamples, busyMs, durationMs, requests }
})

interface Placed {
  readonly work: Work
  readonly name: string
  readonly owner: ProfileNode | undefined
  readonly stack: readonly ProfileNode[]
  readonly node: ProfileNode
}

function placed(profile: CpuProfile): Placed[] {
  const byId = new Map(profile.nodes.map(node => [node.id, node]))
  return profile.nodes.flatMap((node): Placed[] => {
    if (node.selfSamples === 0 || node.owner === 'idle' || node.function === '(garbage collector)') return []
    const path = pathOf(node, byId)
    const stack = path.filter(one => one.owner === 'application')
    const owner = stack[0]
    const below = owner ? path.slice(0, path.indexOf(owner)) : path
    const sync = below.find(isSync)
    // Loading a module reads files synchronously; it happens once and is no work of a request.
    if (sync && path.some(({ file }) => file.startsWith('node:internal/modules'))) return []
    if (sync) return [{ work: 'sync', name: sync.function, owner, stack, node }]
    if (owner && below.some(isCall)) return []
    const json = below.find(isJson)
    if (json)
      return [
        { work: 'json', name: json.function.endsWith('parse') ? 'JSON.parse' : 'JSON.stringify', owner, stack, node },
      ]
    return owner ? [{ work: 'own', name: nameOf(owner), owner, stack, node }] : []
  })
}

/** From the node up to the root; bounded by the depth V8 records. */
function pathOf(node: ProfileNode, byId: ReadonlyMap<number, ProfileNode>): ProfileNode[] {
  const path: ProfileNode[] = []
  for (let at: ProfileNode | undefined = node; at && path.length < 1_000;) {
    path.push(at)
    at = at.parentId === undefined ? undefined : byId.get(at.parentId)
  }
  return path
}

/** Making calls and reading their answers is the price of the calls, which the traces count; it is no work of the line that makes them. */
const isCall = ({ owner, file }: ProfileNode): boolean =>
  owner !== 'application' &&
  /^node:(internal\/deps\/undici|_http_(client|agent|outgoing)|net$|_tls|internal\/tls|dns)|[\\/]node_modules[\\/](pg|pg-protocol|pg-pool|postgres|undici|axios|node-fetch|got|ioredis|redis|@redis)[\\/]/.test(
    file,
  )

const isSync = ({ owner, function: name }: ProfileNode): boolean => owner !== 'application' && /\wSync$/.test(name)

/**
 * Builtins carry no file. V8 often charges JSON.stringify to the JavaScript function around it: in frameworks that is the one
 * that makes the body. A `parse` of theirs may read cookies or addresses, so that name alone says nothing.
 */
const isJson = ({ owner, file, function: name }: ProfileNode): boolean =>
  (owner === 'runtime' && file === '' && /^(JSON\.)?(stringify|parse)$/.test(name)) ||
  (owner === 'dependency' && (makesBody(name, file) || (name === 'stringify' && !textFormats.test(file))))

const textFormats = /query|[\\/]qs[\\/]|[\\/](yaml|csv)/

/** The functions around JSON.stringify in frameworks that name them otherwise. */
const makesBody = (name: string, file: string): boolean =>
  (name === 'serialize' && /[\\/]fastify[\\/]lib[\\/]reply\.js$/.test(file)) ||
  (name === 'respond' && /[\\/]koa[\\/]lib[\\/]application\.js$/.test(file))

/** Handlers seldom have a name: their line is what they are known by. */
const nameOf = ({ function: name, file, line }: ProfileNode): string =>
  isNameless(name) ? `the function at ${file.split(/[\\/]/).at(-1)}:${line}` : name

const isNameless = (name: string): boolean => name === '' || name === '(anonymous)'

function frameOf({ file, line, column, function: name }: ProfileNode): Frame {
  return { file, line, column, ...(isNameless(name) ? {} : { function: name }) }
}
