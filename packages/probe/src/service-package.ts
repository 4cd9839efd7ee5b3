/** Loads a package just as the service will, for packages that are ES modules throughout: the service then gets the very same module, hooked. */
import { existsSync, readFileSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { entry } from './application.ts'

interface Manifest {
  readonly module?: string
  readonly exports?: unknown
}

/** Undefined when the service has no such package. Loading it early costs a few milliseconds, and only where it is installed. */
export async function importServicePackage(name: string): Promise<object | undefined> {
  const folder = packageFolder(name)
  if (folder === undefined) return undefined
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest
  const file = importTarget(manifest.exports) ?? manifest.module
  if (file === undefined || !existsSync(join(folder, file))) return undefined
  return (await import(pathToFileURL(join(folder, file)).href)) as object
}

/** pnpm keeps what only dependencies of the service depend on in a folder of its own. */
function packageFolder(name: string): string | undefined {
  for (let folder = dirname(entry); ; folder = dirname(folder)) {
    for (const modules of ['node_modules', join('node_modules', '.pnpm', 'node_modules')]) {
      const candidate = join(folder, modules, name)
      if (existsSync(join(candidate, 'package.json'))) return realpathSync(candidate)
    }
    if (dirname(folder) === folder) return undefined
  }
}

function importTarget(exports: unknown): string | undefined {
  if (typeof exports === 'string') return exports
  if (typeof exports !== 'object' || exports === null) return undefined
  const conditions = exports as Readonly<Record<string, unknown>>
  for (const condition of ['.', 'node', 'import']) {
    const target = importTarget(conditions[condition])
    if (target !== undefined) return target
  }
  return typeof conditions['default'] === 'string' ? conditions['default'] : undefined
}
