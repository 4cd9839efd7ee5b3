/** From a file in any of the formats to a scenario: read, choose one service, make flows, take secrets out. */
import { WhetstoneError } from '@whetstone/model'
import type { Random } from '@whetstone/stats'
import { readAccessLog } from './access-log.ts'
import { readCurl } from './curl.ts'
import { graphqlOperation } from './graphql.ts'
import { formatOf, type ImportFormat, importFormats } from './format.ts'
import { readHar } from './har.ts'
import type { ImportProblem, RecordedRequest, Recording } from './imported.ts'
import { counted } from './imported.ts'
import { requestsToOneHost } from './one-host.ts'
import { readOpenapi } from './openapi.ts'
import { readOtlp, type SourceBytes } from './otlp/read-otlp.ts'
import { readPostman } from './postman.ts'
import { groupRequests } from './route-groups.ts'
import type { DraftFlow, DraftRequest, ScenarioDraft } from './scenario/draft.ts'
import { folders, mixOfRequests, mixOfRoutes, visit } from './scenario/flows.ts'
import { flowsOfOperations } from './scenario/operations.ts'
import { Variables } from './scenario/variables.ts'

export interface ImportOptions {
  /** Default: told from the content. */
  readonly format?: ImportFormat
  /** Where the scenario sends; default the recorded address, or port 3000 of this machine. */
  readonly baseUrl?: string
  /** Of the scenario. */
  readonly name: string
  /** Write tokens, passwords and cookies into the file. Default false. */
  readonly keepSecrets?: boolean
  /** Take requests and operations that may change data. Default false. */
  readonly writes?: boolean
  /** Keep pictures, style sheets, scripts and fonts of a HAR. Default false. */
  readonly assets?: boolean
  /** Different requests kept of each route of a log. Default 10,000. */
  readonly keepPerRoute?: number
  readonly random: Random
}

export interface ImportedScenario {
  readonly format: ImportFormat
  readonly draft: ScenarioDraft
  /** Requests the scenario stands for. */
  readonly requests: number
  /** The first of what could not be read. */
  readonly problems: readonly ImportProblem[]
  readonly unreadable: number
}

const DEFAULT_TARGET = 'http://127.0.0.1:3000'
/** Node holds no longer text than 512 MiB. */
const MAX_BYTES = 400_000_000

/** Throws `WHET_IMPORT_FORMAT` when it cannot tell the format, `WHET_IMPORT_SIZE` when the file is too long to be read at once. */
export function importScenario(source: SourceBytes, options: ImportOptions): ImportedScenario {
  const { file, bytes } = source
  if (bytes.length > MAX_BYTES) {
    throw new WhetstoneError(
      'WHET_IMPORT_SIZE',
      `${file} has ${Math.round(bytes.length / 1e6)} MB; ${MAX_BYTES / 1e6} MB is the most`,
      {
        hint: `import a part of it: tail -n 1000000 ${file} | whetstone load import -`,
      },
    )
  }
  const format = options.format ?? formatOf(file, bytes)
  if (format === undefined) {
    throw new WhetstoneError('WHET_IMPORT_FORMAT', `cannot tell in which format ${file} is`, {
      hint: `say it: --format ${importFormats.join('|')}`,
    })
  }
  const variables = new Variables({ keepSecrets: options.keepSecrets ?? false })
  if (format === 'openapi') return importOpenapi(source, options, variables)
  const recording = recordingOf(format, source)
  const one = requestsToOneHost(recording, options.baseUrl === undefined ? undefined : new URL(options.baseUrl).host)
  const kept =
    format === 'har' && options.assets !== true
      ? withoutAssets(one.requests, file)
      : { requests: one.requests, leftOut: [] }
  const safe =
    options.writes === true || recordsNoBodies(format)
      ? { requests: kept.requests, leftOut: [] }
      : withoutWrites(kept.requests, file)
  const made = flowsOf(format, safe.requests, { ...options, file, variables })
  const { flows, headers } = sharedHeaders(made.flows)
  return {
    format,
    requests: safe.requests.length,
    problems: recording.problems,
    unreadable: recording.unreadable,
    draft: {
      name: options.name,
      source: `${counted(safe.requests.length, 'request')} of ${file}`,
      target: targetOf(options.baseUrl ?? one.origin),
      flows,
      headers,
      environment: variables.environment,
      generated: variables.generated,
      arrivalsMs: arrivalsOf(safe.requests),
      leftOut: [...recording.leftOut, ...one.leftOut, ...kept.leftOut, ...safe.leftOut, ...made.leftOut],
    },
  }
}

function importOpenapi({ file, bytes }: SourceBytes, options: ImportOptions, variables: Variables): ImportedScenario {
  const description = readOpenapi({ file, text: textOf(bytes) })
  const made = flowsOfOperations(description, { file, variables, writes: options.writes ?? false })
  const { flows, headers } = sharedHeaders(made.flows)
  return {
    format: 'openapi',
    requests: flows.length,
    problems: description.problems,
    unreadable: description.unreadable,
    draft: {
      name: options.name,
      source: `${flows.length} of ${description.operations.length} operations of ${file}`,
      target: targetOf(options.baseUrl ?? description.origin),
      flows,
      headers,
      environment: variables.environment,
      generated: variables.generated,
      arrivalsMs: [],
      leftOut: made.leftOut,
    },
  }
}

function recordingOf(format: Exclude<ImportFormat, 'openapi'>, source: SourceBytes): Recording {
  if (format === 'otlp') return readOtlp(source)
  const text = { file: source.file, text: textOf(source.bytes) }
  switch (format) {
    case 'curl':
      return readCurl(text)
    case 'har':
      return readHar(text)
    case 'postman':
      return readPostman(text)
    case 'access-log':
      return readAccessLog(text)
  }
}

const DEFAULT_KEEP_PER_ROUTE = 10_000

function flowsOf(
  format: Exclude<ImportFormat, 'openapi'>,
  requests: readonly RecordedRequest[],
  options: ImportOptions & { readonly file: string; readonly variables: Variables },
): { readonly flows: readonly DraftFlow[]; readonly leftOut: readonly ImportProblem[] } {
  const { file, variables, name } = options
  const step = { variables, fromBrowser: format === 'har' }
  switch (format) {
    case 'har':
      return visit(name, requests, { ...step, file })
    case 'postman':
      return { flows: folders(requests, step), leftOut: [] }
    case 'curl':
      return { flows: mixOfRequests(requests, step), leftOut: [] }
    case 'access-log':
    case 'otlp': {
      const reads = requests.filter(({ method }) => method === 'GET' || method === 'HEAD')
      const writes = requests.length - reads.length
      const groups = groupRequests(reads, {
        patterns: [],
        random: options.random,
        keepPerRoute: options.keepPerRoute ?? DEFAULT_KEEP_PER_ROUTE,
      })
      const why = `left out ${counted(writes, 'request')} that may change data: no bodies are recorded`
      return { flows: mixOfRoutes(groups, variables), leftOut: writes === 0 ? [] : [{ file, why }] }
    }
  }
}

function withoutAssets(requests: readonly RecordedRequest[], file: string) {
  const kept = requests.filter(({ asset }) => asset !== true)
  const count = requests.length - kept.length
  const why = `left out ${counted(count, 'request')} for pictures, styles, scripts and fonts; --assets takes them in`
  return { requests: kept, leftOut: count === 0 ? [] : [{ file, why }] }
}

const routesNamed = 3

/** A load sends each request many times: what would be ordered or deleted as often is taken in by whoever asks for it. */
function withoutWrites(requests: readonly RecordedRequest[], file: string) {
  const safe = requests.filter(onlyReads)
  const writes = requests.filter(request => !onlyReads(request))
  const routes = [...new Set(writes.map(({ method, path }) => `${method} ${path.replace(/\?.*$/, '')}`))]
  const named = [...routes.slice(0, routesNamed), ...(routes.length > routesNamed ? ['…'] : [])].join(', ')
  const them = writes.length === 1 ? 'it' : 'them'
  const why = `left out ${counted(writes.length, 'request')} that may change data (${named}); --writes takes ${them} in`
  return { requests: safe, leftOut: writes.length === 0 ? [] : [{ file, why }] }
}

/** Their writes could not be sent again whatever is asked for, and are left out with the reason further on. */
function recordsNoBodies(format: ImportFormat): boolean {
  return format === 'access-log' || format === 'otlp'
}

function onlyReads({ method, body }: RecordedRequest): boolean {
  return /^(GET|HEAD|OPTIONS)$/.test(method) || (method === 'POST' && graphqlOperation(body)?.kind === 'query')
}

/** Headers that every request carries are said once. */
function sharedHeaders(flows: readonly DraftFlow[]): {
  readonly flows: readonly DraftFlow[]
  readonly headers: Record<string, string>
} {
  const steps = flows.flatMap(flow => flow.steps.filter((step): step is DraftRequest => step.kind === 'request'))
  const [first] = steps
  if (first === undefined || steps.length < 2) return { flows, headers: {} }
  const shared = Object.entries(first.headers).filter(([name, value]) =>
    steps.every(step => step.headers[name] === value),
  )
  const without = (headers: Readonly<Record<string, string>>) =>
    Object.fromEntries(Object.entries(headers).filter(([name]) => !shared.some(([one]) => one === name)))
  return {
    headers: Object.fromEntries(shared),
    flows: flows.map(flow => ({
      ...flow,
      steps: flow.steps.map(step => (step.kind === 'request' ? { ...step, headers: without(step.headers) } : step)),
    })),
  }
}

function arrivalsOf(requests: readonly RecordedRequest[]): number[] {
  if (requests.length < 2 || requests.some(({ atMs }) => atMs === undefined)) return []
  const sorted = requests.map(({ atMs }) => atMs!).sort((a, b) => a - b)
  return sorted.map(atMs => Math.round((atMs - sorted[0]!) * 1_000) / 1_000)
}

function targetOf(url: string | undefined): string {
  return url === undefined ? DEFAULT_TARGET : new URL(url).origin
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes)
}
