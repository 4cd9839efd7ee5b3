/** Finds the prebuilt page: beside the built package, or, in the source tree, built once per content into a cache. */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const BUILD_TIMEOUT_MS = 120_000
const here = dirname(fileURLToPath(import.meta.url))
let loaded: string | undefined

/** The page with its placeholders. Throws when it is neither there nor can be built. */
export function reportTemplate(): string {
  loaded ??= readFileSync(templateFile(), 'utf8')
  return loaded
}

function templateFile(): string {
  const published = join(here, 'template.html')
  if (existsSync(published)) return published
  const packageFolder = join(here, '..')
  const cache = join(packageFolder, 'node_modules', '.cache', 'report-template')
  const cached = join(cache, `${contentHash(packageFolder)}.html`)
  if (!existsSync(cached)) buildInto(packageFolder, cache, cached)
  return cached
}

/** Same sources, same template: a stale page is never served. */
function contentHash(packageFolder: string): string {
  const hash = createHash('sha256')
  // Of the model the page has the few functions it shares with the terminal.
  const files = ['src/page', 'src/reading', '../model/src'].flatMap(folder =>
    readdirSync(join(packageFolder, folder), { recursive: true, encoding: 'utf8' })
      .filter(name => /\.(tsx?|css|html)$/.test(name) && !name.endsWith('.test.ts'))
      .map(name => join(folder, name)),
  )
  for (const file of [...files.toSorted(), 'vite.config.ts', 'package.json']) {
    hash
      .update(file)
      .update('\0')
      .update(readFileSync(join(packageFolder, file)))
      .update('\0')
  }
  return hash.digest('hex').slice(0, 16)
}

/** In a process of its own, because rendering is synchronous and vite is not; renamed into place, because two may build at once. */
function buildInto(packageFolder: string, cache: string, cached: string): void {
  mkdirSync(cache, { recursive: true })
  const folder = mkdtempSync(join(cache, 'building-'))
  try {
    const built = spawnSync(process.execPath, [viteProgram(packageFolder), 'build', '--config', 'vite.config.ts'], {
      cwd: packageFolder,
      env: { ...process.env, NODE_ENV: 'production', WHETSTONE_TEMPLATE_FOLDER: folder },
      encoding: 'utf8',
      timeout: BUILD_TIMEOUT_MS,
    })
    if (built.status !== 0) throw templateError(built.stderr || String(built.error ?? `exit ${built.status}`))
    for (const old of readdirSync(cache)) if (old.endsWith('.html')) rmSync(join(cache, old), { force: true })
    renameSync(join(folder, 'template.html'), cached)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function viteProgram(packageFolder: string): string {
  try {
    const manifest = createRequire(join(packageFolder, 'package.json')).resolve('vite/package.json')
    return join(dirname(manifest), 'bin', 'vite.js')
  } catch (cause) {
    throw templateError('vite is not installed', cause)
  }
}

/** Only a developer of this package can meet it: what is published carries its template. */
function templateError(detail: string, cause?: unknown): Error {
  const text = detail.trim().slice(0, 2000)
  return new Error(`the page of the report could not be built: ${text}\nType: npm ci && npm run build`, { cause })
}
