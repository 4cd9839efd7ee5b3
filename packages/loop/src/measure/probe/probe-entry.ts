/** The file to inject into the service under test: the published probe, or, run from source, the probe bundled once into a cache. */
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, rename, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'

let prepared: Promise<string> | undefined

/** URL for `node --import`. The service never loads a TypeScript loader through us: that would cost it 0.25 s and spoil its figures. */
export async function probeEntry(): Promise<string> {
  prepared ??= prepare()
  return await prepared
}

async function prepare(): Promise<string> {
  const entry = createRequire(import.meta.url).resolve('@whetstone/probe')
  return pathToFileURL(entry.endsWith('.ts') ? await bundled(entry) : entry).href
}

async function bundled(entry: string): Promise<string> {
  const { build } = await import('esbuild')
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    conditions: ['@whetstone/source'],
    logLevel: 'silent',
  })
  const code = outputFiles[0]!.text
  const hash = createHash('sha256').update(code).digest('hex').slice(0, 16)
  const folder = join(nearestModules(dirname(entry)), '.cache', 'whetstone-probe', hash)
  const file = join(folder, 'probe.mjs')
  if (existsSync(file)) return file
  await mkdir(folder, { recursive: true })
  // Two runs may prepare it at once: each writes its own file, and the last rename wins with the same content.
  const temporary = join(folder, `${process.pid}.tmp`)
  await writeFile(temporary, code)
  await rename(temporary, file)
  return file
}

function nearestModules(start: string): string {
  for (let folder = start; ; folder = dirname(folder)) {
    const modules = join(folder, 'node_modules')
    if (existsSync(join(modules, 'esbuild')) || dirname(folder) === folder) return modules
  }
}
