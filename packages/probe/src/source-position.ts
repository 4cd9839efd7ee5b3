/** The author's line for a line of transpiled code, where the transpiler keeps its map in the process only (tsx, ts-node). */
import { findSourceMap } from 'node:module'
import type { Frame, Site } from '@whetstone/model'
import { pathOf } from './application.ts'
import { pathToFileURL } from 'node:url'

const known = new WeakMap<Site, Site>()

export function inSource(site: Site): Site {
  const mapped = known.get(site)
  if (mapped) return mapped
  const frames = site.map(frameInSource)
  known.set(site, frames)
  return frames
}

/** Where all that is known is the line: that of the last thing on it, for compilers map words and not the spaces before the first. Undefined where nothing on it is mapped. */
export function lineInSource(file: string, line: number): number | undefined {
  try {
    const entry = mapOf(file)?.findEntry(line - 1, Infinity)
    return entry && 'originalSource' in entry && entry.generatedLine === line - 1 ? entry.originalLine + 1 : undefined
  } catch {
    return undefined
  }
}

const mapOf = (file: string): ReturnType<typeof findSourceMap> =>
  findSourceMap(file) ?? findSourceMap(pathToFileURL(file).href)

/** The same object where nothing maps it. */
export function frameInSource(frame: Frame): Frame {
  try {
    const map = mapOf(frame.file)
    const entry = map?.findEntry(frame.line - 1, frame.column - 1)
    if (entry === undefined || !('originalSource' in entry)) return frame
    const { originalSource, originalLine, originalColumn } = entry
    return {
      ...frame,
      file: originalSource ? pathOf(originalSource) : frame.file,
      line: originalLine + 1,
      column: originalColumn + 1,
    }
  } catch {
    return frame
  }
}
