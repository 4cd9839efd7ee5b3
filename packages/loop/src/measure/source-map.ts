/** A place in the author's source for a place in the build output, by the `.map` file on disk: nothing of this runs in the service. */
import { existsSync, readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { LEAST_UPPER_BOUND, originalPositionFor, TraceMap } from '@jridgewell/trace-mapping'
import type { Frame, Site } from '@whetstone/model'

const mapsKept = 1_000
const maps = new Map<string, TraceMap | undefined>()
const found = new Map<string, boolean>()

export function mapSite(site: Site): Site {
  return site.map(mapFrame)
}

/** Where all that is known is the line: that of the first thing on it; the line itself where nothing maps the file. Undefined for a line that no author wrote. */
export function mapLine(file: string, line: number): number | undefined {
  if (!isScript(file)) return line
  const map = mapOf(file)
  // Compilers map the first word of a line, not the spaces before it.
  return map === undefined
    ? line
    : (originalPositionFor(map, { line, column: 0, bias: LEAST_UPPER_BOUND }).line ?? undefined)
}

const isScript = (file: string): boolean => /\.[cm]?jsx?$/.test(file)

function mapFrame(frame: Frame): Frame {
  if (!isScript(frame.file)) return frame
  const map = mapOf(frame.file)
  if (map === undefined || frame.line < 1) return frame
  const { source, line, column, name } = originalPositionFor(map, {
    line: frame.line,
    column: Math.max(0, frame.column - 1),
  })
  if (source === null) return frame
  const file = source.startsWith('file:') ? fileURLToPath(source) : resolve(dirname(frame.file), source)
  // Packages are often published without their sources: a place that cannot be opened helps nobody.
  if (!isThere(file)) return frame
  return {
    ...frame,
    file,
    line,
    column: column + 1,
    ...(name && frame.function === undefined && { function: name }),
  }
}

function isThere(file: string): boolean {
  const known = found.get(file)
  if (known !== undefined) return known
  const there = existsSync(file)
  if (found.size < mapsKept) found.set(file, there)
  return there
}

function mapOf(file: string): TraceMap | undefined {
  if (maps.has(file)) return maps.get(file)
  const map = readMap(file)
  if (maps.size < mapsKept) maps.set(file, map)
  return map
}

/** Beside the file, where its last comment says, or inside that comment. */
function readMap(file: string): TraceMap | undefined {
  try {
    const comment = /\/\/[#@] ?sourceMappingURL=(\S+)\s*$/.exec(readFileSync(file, 'utf8'))?.[1]
    const inline = comment ? /^data:application\/json[^,]*;base64,(.*)$/.exec(comment)?.[1] : undefined
    if (inline) return new TraceMap(Buffer.from(inline, 'base64').toString('utf8'))
    const path = comment && !comment.includes(':') ? resolve(dirname(file), decodeURI(comment)) : `${file}.map`
    return new TraceMap(readFileSync(path, 'utf8'))
  } catch {
    return undefined
  }
}
