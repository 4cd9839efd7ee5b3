/** V8's sampling heap profiles as a short list: which functions of the service allocated what two looks found alive. */
import type { HeapProcess, HeapSite, ProbeHello } from '@whetstone/model'
import { type CallFrame, placeOf } from './call-frame.ts'
import type { HeapRecord } from './process-records.ts'

interface V8HeapNode {
  readonly callFrame: CallFrame
  readonly selfSize: number
  readonly children?: readonly V8HeapNode[]
}
const sitesKept = 20
const deepest = 500

/** Undefined when nothing was collected. */
export function foldHeap(hello: ProbeHello, heaps: readonly HeapRecord[]): HeapProcess | undefined {
  const last = heaps.at(-1)
  if (last === undefined) return undefined
  const looks = heaps.flatMap(({ profile }) => (profile === undefined ? [] : (sitesOf(hello, profile) ?? [])))
  const [first, final] = [looks[0], looks.at(-1)]
  const sites =
    first && final && first !== final
      ? [...final].map(([key, site]): HeapSite => ({
          ...site.place,
          firstBytes: first.get(key)?.bytes ?? 0,
          lastBytes: site.bytes,
        }))
      : []
  return {
    pid: hello.pid,
    heapLimitBytes: last.heapLimitBytes,
    collections: heaps.map(({ atMs, keptBytes, pauseMs, requests }) => ({ atMs, keptBytes, pauseMs, requests })),
    sites: sites.toSorted((a, b) => b.lastBytes - a.lastBytes).slice(0, sitesKept),
  }
}

interface Kept {
  readonly place: Pick<HeapSite, 'frame' | 'package'>
  bytes: number
}

/** Every sample is charged to the nearest function of the service; what has none on its stack is nobody's. Undefined when the text is no profile. */
function sitesOf(hello: ProbeHello, text: string): Map<string, Kept> | undefined {
  const head = parse(text)
  if (head === undefined) return undefined
  const sites = new Map<string, Kept>()
  const visit = (node: V8HeapNode, own: Kept['place'] | undefined, depth: number): void => {
    const { frame, owner, packageName } = placeOf(node.callFrame, hello)
    const { functionName } = node.callFrame
    const nearest: Kept['place'] | undefined =
      owner === 'application'
        ? { frame: { ...frame, ...(functionName === '' ? {} : { function: functionName }) } }
        : own && owner === 'dependency' && packageName !== undefined
          ? { frame: own.frame, package: packageName }
          : own
    if (nearest && node.selfSize > 0) {
      const key = `${nearest.frame.file}:${nearest.frame.line}:${nearest.frame.column} ${nearest.package ?? ''}`
      const known = sites.get(key)
      if (known) known.bytes += node.selfSize
      else sites.set(key, { place: nearest, bytes: node.selfSize })
    }
    if (depth < deepest) for (const child of node.children ?? []) visit(child, nearest, depth + 1)
  }
  visit(head, undefined, 0)
  return sites
}

function parse(text: string): V8HeapNode | undefined {
  try {
    const head = JSON.parse(text) as V8HeapNode
    return typeof head.callFrame === 'object' ? head : undefined
  } catch {
    return undefined
  }
}
