/** Which files are the service's own: those of the package that holds the entry file, and whatever lies outside node_modules. */
import { existsSync, realpathSync } from 'node:fs'
import { dirname, join, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

const ownFolder = dirname(fileURLToPath(import.meta.url)) + sep
const modules = `${sep}node_modules${sep}`

export const entry: string = resolveEntry()
/** Folder of the nearest package.json above the entry file. A service installed from npm lives in node_modules itself. */
export const entryPackage: string = packageFolder(dirname(entry)) + sep

export function isApplicationFile(file: string): boolean {
  if (!file.startsWith(sep) && !/^[A-Za-z]:\\/.test(file)) return false
  if (file.startsWith(ownFolder)) return false
  if (file.startsWith(entryPackage)) return !file.slice(entryPackage.length - 1).includes(modules)
  return !file.includes(modules)
}

/** Call sites of ES modules are URLs, those of CommonJS are paths. */
export function pathOf(fileName: string): string {
  if (!fileName.startsWith('file:')) return fileName
  try {
    return fileURLToPath(fileName.replace(/[?#].*$/, ''))
  } catch {
    return fileName
  }
}

function resolveEntry(): string {
  const given = process.argv[1] ?? join(process.cwd(), '[eval]')
  try {
    return realpathSync(given)
  } catch {
    return given
  }
}

function packageFolder(start: string): string {
  for (let folder = start; ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'package.json'))) return folder
    if (dirname(folder) === folder) return start
  }
}
