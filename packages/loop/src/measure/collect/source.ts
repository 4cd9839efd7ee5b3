/** Reads the few lines of the project that evidence names, so that a finding shows the code it is about. */
import { readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import type { Site, SourceEvidence, SourceExcerpt } from '@whetstone/model'

export interface SourceOptions {
  /** Absolute path of the project. Frames with relative paths are looked up below it. */
  readonly root: string
  /** Every frame of every site is shown, as far as the bound allows. */
  readonly sites: readonly Site[]
  /** Excerpts at most. Default 400. */
  readonly maxExcerpts?: number
}

/** Lines kept before and after the named one. */
const CONTEXT_LINES = 4
/** Longer lines are cut: minified code explains nothing. */
const LINE_LIMIT = 240
const FILE_LIMIT_BYTES = 2_000_000

/** Files that cannot be read are left out; the project may be elsewhere. */
export async function collectSource(options: SourceOptions): Promise<SourceEvidence> {
  const manifest = await readManifest(options.root)
  const files = new Map<string, readonly string[] | undefined>()
  const excerpts: Record<string, SourceExcerpt> = {}
  let left = options.maxExcerpts ?? 400
  for (const { file, line } of options.sites.flat()) {
    const key = `${file}:${line}`
    if (left === 0) break
    if (key in excerpts) continue
    if (!files.has(file)) files.set(file, await readLines(options.root, file))
    const lines = files.get(file)
    if (!lines || line < 1 || line > lines.length) continue
    const firstLine = Math.max(1, line - CONTEXT_LINES)
    excerpts[key] = { file, firstLine, line, lines: lines.slice(firstLine - 1, line + CONTEXT_LINES) }
    left--
  }
  return { schema: 'source@1', root: options.root, ...manifest, excerpts }
}

async function readManifest(root: string): Promise<Pick<SourceEvidence, 'packageName' | 'dependencies'>> {
  try {
    const manifest = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8')) as Record<string, unknown>
    return {
      ...(typeof manifest['name'] === 'string' ? { packageName: manifest['name'] } : {}),
      dependencies: versions(manifest['dependencies']),
    }
  } catch {
    return { dependencies: {} }
  }
}

function versions(value: unknown): Record<string, string> {
  if (typeof value !== 'object' || value === null) return {}
  return Object.fromEntries(
    Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  )
}

async function readLines(root: string, file: string): Promise<readonly string[] | undefined> {
  const full = path.resolve(root, file.startsWith('file://') ? new URL(file).pathname : file)
  try {
    if ((await stat(full)).size > FILE_LIMIT_BYTES) return undefined
    const text = await readFile(full, 'utf8')
    return text.split(/\r?\n/).map(line => (line.length > LINE_LIMIT ? `${line.slice(0, LINE_LIMIT)} …` : line))
  } catch {
    return undefined
  }
}
