/** A profile of transpiled code in its author's lines, as long as the process is there that keeps the maps: who has only the profile could not tell. */
import { isAbsolute } from 'node:path'
import { pathToFileURL } from 'node:url'
import { pathOf } from './application.ts'
import { frameInSource, lineInSource } from './source-position.ts'

/** As V8 tells it: lines and columns from 0, those of ticks from 1. */
export interface V8Profile {
  readonly nodes: readonly V8ProfileNode[]
}
export interface V8ProfileNode {
  readonly callFrame: { readonly url: string; readonly lineNumber: number; readonly columnNumber: number }
  readonly positionTicks?: readonly { readonly line: number; readonly ticks: number }[]
}

/** Of the heap: a tree, and without ticks. */
export interface V8HeapNode {
  readonly callFrame: V8ProfileNode['callFrame']
  readonly children?: readonly V8HeapNode[]
}

/** V8 records no deeper stacks. */
const deepest = 1_000

export function heapInSource(node: V8HeapNode, depth = 0): V8HeapNode {
  const { callFrame } = nodeInSource(node)
  const children = depth < deepest ? node.children?.map(child => heapInSource(child, depth + 1)) : undefined
  return { ...node, callFrame, ...(children && { children }) }
}

export function profileInSource(profile: V8Profile): V8Profile {
  return { ...profile, nodes: profile.nodes.map(nodeInSource) }
}

function nodeInSource(node: V8ProfileNode): V8ProfileNode {
  const { callFrame, positionTicks } = node
  const { url, lineNumber, columnNumber } = callFrame
  if (url === '' || url.startsWith('node:')) return node
  const generated = { file: pathOf(url), line: lineNumber + 1, column: columnNumber + 1 }
  const source = frameInSource(generated)
  // Bundlers give their sources names that are no files (`webpack://shop/…`).
  if (source === generated || !isAbsolute(source.file)) return node
  // A tick has no column: on the line the function begins on, which may hold the whole file, its beginning is all that is known.
  const lineOf = (line: number): number =>
    line === generated.line ? source.line : (lineInSource(generated.file, line) ?? source.line)
  return {
    ...node,
    callFrame: {
      ...callFrame,
      url: pathToFileURL(source.file).href,
      lineNumber: source.line - 1,
      columnNumber: source.column - 1,
    },
    ...(positionTicks && { positionTicks: positionTicks.map(({ line, ticks }) => ({ line: lineOf(line), ticks })) }),
  }
}
