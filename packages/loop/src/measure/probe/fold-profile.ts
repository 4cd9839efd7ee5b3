/** A V8 CPU profile as a tree of functions that says whose code each one is: the service's, a dependency's, or Node's. */
import type { CpuProfile, ProbeHello, ProfileNode } from '@whetstone/model'
import { mapLine } from '../source-map.ts'
import { type CallFrame, placeOf } from './call-frame.ts'
import type { CpuProfileRecord } from './process-records.ts'

interface V8Profile {
  readonly nodes: readonly V8Node[]
  readonly samples?: readonly number[]
}
interface V8Node {
  readonly id: number
  readonly callFrame: CallFrame
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
  const { functionName, lineNumber } = node.callFrame
  const { frame, file, owner, packageName } = placeOf(node.callFrame, hello)
  // Sources that were not shipped leave the place as it runs. On the line a function begins on others may begin as well.
  const isMapped = frame.file !== file
  const lineOf = (line: number): number | undefined =>
    !isMapped ? line : line === lineNumber + 1 ? frame.line : mapLine(file, line)
  const lines = node.positionTicks
    ?.toSorted((one, other) => other.ticks - one.ticks)
    .slice(0, linesKept)
    .flatMap(({ line, ticks }) => {
      const source = lineOf(line)
      return source === undefined ? [] : [[source, ticks] as const]
    })
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
