/** A place in the author's source for a place in the build output, by the `.map` file on disk: nothing of this runs in the service. */
import { existsSync, readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { originalPositionFor, TraceMap } from '@jridgewell/trace-mapping'
import type { Frame, Site } from '@whetstone/model'

const mapsKept = 1_000
const maps = new Map<string, TraceMap | undefined>()
const found = new Map<string, boolean>()

export function mapSite(site: Site): Site {
  return site.map(mapFrame)
}

function mapFrame(frame: Frame): Frame {
  if (!/\.[cm]?jsx?$/.test(frame.file)) return frame
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
