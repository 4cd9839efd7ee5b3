/** A V8 CPU profile as a tree of functions that says whose code each one is: the service's, a dependency's, or Node's. */
import { fileURLToPath } from 'node:url'
import { dirname, sep } from 'node:path'
import type { CpuProfile, ProbeHello, ProfileNode } from '@whetstone/model'
import { mapSite } from '../source-map.ts'
import type { CpuProfileRecord } from './process-records.ts'

interface V8Profile {
  readonly nodes: readonly V8Node[]
  readonly samples?: readonly number[]
}
interface V8Node {
  readonly id: number
  readonly callFrame: {
    readonly functionName: string
    readonly url: string
    readonly lineNumber: number
    readonly columnNumber: number
  }
  readonly children?: readonly number[]
  readonly hitCount?: number
  readonly positionTicks?: readonly { readonly line: number; readonly ticks: number }[]
}
const nodesKept = 20_000
const linesKept = 5

/** Undefined when the text is no profile. */
export function foldProfile(hello: ProbeHello, record: CpuProfileRecord): CpuProfile | undefined {
  const profile = parse(record.profile)
  if (profile === undefined) return undefined
  const parents = new Map<number, number>()
  for (const node of profile.nodes) for (const child of node.children ?? []) parents.set(child, node.id)
  const nodes = profile.nodes.slice(0, nodesKept).map(node => profileNode(node, parents.get(node.id), hello))
  const samples = total(nodes)
  const idle = total(nodes.filter(node => node.owner === 'idle'))
  return {
    pid: hello.pid,
    durationMs: record.durationMs,
    samples,
    busySamples: samples - idle,
    requests: record.requests,
    nodes,
  }
}

function profileNode(node: V8Node, parentId: number | undefined, hello: ProbeHello): ProfileNode {
  const { functionName, url, lineNumber, columnNumber } = node.callFrame
  const file = url.startsWith('file:') ? fileURLToPath(url) : url
  const place = { file, line: lineNumber + 1, column: columnNumber + 1 }
  const frame = file === '' ? place : (mapSite([place])[0] ?? place)
  const packageName = packageOf(file)
  const owner = ownerOf(functionName, file, packageName, hello)
  const lines = node.positionTicks
    ?.toSorted((one, other) => other.ticks - one.ticks)
    .slice(0, linesKept)
    .map(({ line, ticks }) => [mapLine(file, line), ticks] as const)
  return {
    id: node.id,
    ...(parentId !== undefined && { parentId }),
    function: functionName,
    ...frame,
    owner,
    ...(owner === 'dependency' && packageName && { package: packageName }),
    selfSamples: node.hitCount ?? 0,
    ...(lines?.length && { lines }),
  }
}

/** A tick knows its line only, so the first mapping on that line must do. */
function mapLine(file: string, line: number): number {
  return file === '' ? line : (mapSite([{ file, line, column: 1 }])[0]?.line ?? line)
}

function ownerOf(
  functionName: string,
  file: string,
  packageName: string | undefined,
  hello: ProbeHello,
): ProfileNode['owner'] {
  if (functionName === '(idle)' || functionName === '(program)') return 'idle'
  if (file === '' || file.startsWith('node:')) return 'runtime'
  const ownFolder = entryFolder(hello.entry)
  const isOwn =
    ownFolder !== undefined && file.startsWith(ownFolder) && !file.slice(ownFolder.length).includes('node_modules')
  return packageName === undefined || isOwn ? 'application' : 'dependency'
}

/** An entry file inside node_modules makes that package the application. */
function entryFolder(entry: string): string | undefined {
  const name = packageOf(entry)
  if (name === undefined) return dirname(entry) + sep
  const end = entry.lastIndexOf(`node_modules${sep}${name}`) + `node_modules${sep}${name}`.length
  return entry.slice(0, end) + sep
}

function packageOf(file: string): string | undefined {
  const matches = [...file.matchAll(/node_modules[\\/]((?:@[^\\/]+[\\/])?[^\\/]+)/g)]
  return matches.at(-1)?.[1]?.replaceAll('\\', '/')
}

function total(nodes: readonly ProfileNode[]): number {
  return nodes.reduce((sum, node) => sum + node.selfSamples, 0)
}

function parse(text: string): V8Profile | undefined {
  try {
    const profile = JSON.parse(text) as V8Profile
    return Array.isArray(profile.nodes) ? profile : undefined
  } catch {
    return undefined
  }
}
