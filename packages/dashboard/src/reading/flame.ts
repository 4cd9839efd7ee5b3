/** The CPU profile as rectangles of an icicle graph: width is busy time, colour is who owns the code. */
import type { CpuProfile, Finding, ProfileNode, RunReport } from '@whetstone/model'

/** Narrower than a pixel of a wide screen. */
const SMALLEST_FRACTION = 0.0008
const DEEPEST = 60

export interface FlameFrame {
  readonly id: number
  readonly parentId?: number
  readonly label: string
  readonly place: string
  readonly owner: 'application' | 'named' | 'dependency' | 'runtime'
  readonly depth: number
  /** Left edge and width as fractions of all busy samples. */
  readonly left: number
  readonly width: number
  readonly samples: number
  readonly selfSamples: number
}
export interface Flame {
  readonly frames: readonly FlameFrame[]
  readonly samples: number
  readonly profile: CpuProfile
}

/** The busiest process; the others are seldom different. Undefined when nothing was sampled. */
export function flameOf(report: RunReport): Flame | undefined {
  const profile = report.cpuProfile?.profiles.toSorted((a, b) => b.busySamples - a.busySamples)[0]
  const root = profile?.nodes.find(node => node.parentId === undefined)
  if (!profile || !root) return undefined
  const children = childrenOf(profile.nodes)
  const totals = totalsOf(root, children)
  const samples = totals.get(root.id) ?? 0
  if (samples === 0) return undefined
  const frames: FlameFrame[] = []
  const place = (node: ProfileNode, depth: number, left: number): void => {
    const width = totals.get(node.id)! / samples
    if (width < SMALLEST_FRACTION || depth > DEEPEST) return
    frames.push(frameOf(node, report.findings, { depth, left, width, samples: totals.get(node.id)! }))
    let next = left
    const ordered = (children.get(node.id) ?? []).toSorted((a, b) => totals.get(b.id)! - totals.get(a.id)!)
    for (const child of ordered) {
      place(child, depth + 1, next)
      next += totals.get(child.id)! / samples
    }
  }
  place(root, 0, 0)
  return { frames, samples, profile }
}

/** Of what is zoomed to, narrower frames do not decide how deep the picture is: one endless thin stack would be most of it. */
const NARROWEST_DEEP_FRACTION = 0.005

/** The zoomed frame with its callers and callees, down to the deepest that is wide enough to be seen. */
export function framesInView(frames: readonly FlameFrame[], zoom: FlameFrame): readonly FlameFrame[] {
  const inside = frames.filter(
    frame => frame.left < zoom.left + zoom.width - 1e-9 && frame.left + frame.width > zoom.left + 1e-9,
  )
  const wide = inside.filter(frame => frame.width >= zoom.width * NARROWEST_DEEP_FRACTION)
  const deepest = Math.max(...wide.map(frame => frame.depth))
  return inside.filter(frame => frame.depth <= deepest)
}

function frameOf(
  node: ProfileNode,
  findings: readonly Finding[],
  at: Pick<FlameFrame, 'depth' | 'left' | 'width' | 'samples'>,
): FlameFrame {
  const owner = node.owner === 'application' && isNamed(node, findings) ? 'named' : node.owner
  const file = node.package ?? node.file
  return {
    id: node.id,
    ...(node.parentId === undefined ? {} : { parentId: node.parentId }),
    label: node.parentId === undefined ? 'all' : node.function || '(anonymous)',
    place: node.file && node.owner === 'application' ? `${node.file}:${node.line}` : file,
    owner: owner === 'idle' ? 'runtime' : owner,
    selfSamples: node.selfSamples,
    ...at,
  }
}

/** A finding names a function when its call site lies in it: same file, and the same name or one of its hot lines. */
function isNamed(node: ProfileNode, findings: readonly Finding[]): boolean {
  return findings.some(({ where }) =>
    (where.site ?? []).some(
      frame =>
        sameFile(frame.file, node.file) &&
        ((frame.function !== undefined && lastName(frame.function) === lastName(node.function)) ||
          frame.line === node.line ||
          (node.lines ?? []).some(([line]) => line === frame.line)),
    ),
  )
}

/** One of the two may be absolute. */
function sameFile(a: string, b: string): boolean {
  return a === b || a.endsWith(`/${b}`) || b.endsWith(`/${a}`)
}
function lastName(name: string): string {
  return name.split('.').at(-1)!
}

function childrenOf(nodes: readonly ProfileNode[]): ReadonlyMap<number, readonly ProfileNode[]> {
  const children = new Map<number, ProfileNode[]>()
  for (const node of nodes) {
    if (node.parentId === undefined || node.owner === 'idle') continue
    const siblings = children.get(node.parentId)
    if (siblings) siblings.push(node)
    else children.set(node.parentId, [node])
  }
  return children
}

/** Self and everything below, without recursion that a deep stack could overflow. */
function totalsOf(
  root: ProfileNode,
  children: ReadonlyMap<number, readonly ProfileNode[]>,
): ReadonlyMap<number, number> {
  const order: ProfileNode[] = [root]
  for (let index = 0; index < order.length; index++) order.push(...(children.get(order[index]!.id) ?? []))
  const totals = new Map<number, number>()
  for (const node of order.toReversed()) {
    const below = (children.get(node.id) ?? []).reduce((sum, child) => sum + (totals.get(child.id) ?? 0), 0)
    totals.set(node.id, node.selfSamples + below)
  }
  return totals
}
