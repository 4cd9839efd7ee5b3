/** A function in one of V8's profiles: where the author wrote it, and whose code it is. */
import { fileURLToPath } from 'node:url'
import { dirname, sep } from 'node:path'
import type { ProbeHello, ProfileNode } from '@whetstone/model'
import { mapSite } from '../source-map.ts'

export interface CallFrame {
  readonly functionName: string
  readonly url: string
  /** Both count from 0. */
  readonly lineNumber: number
  readonly columnNumber: number
}

export interface Place {
  /** In the author's source. */
  readonly frame: Pick<ProfileNode, 'file' | 'line' | 'column'>
  /** As it runs. */
  readonly file: string
  readonly owner: ProfileNode['owner']
  readonly packageName: string | undefined
}

export function placeOf({ functionName, url, lineNumber, columnNumber }: CallFrame, hello: ProbeHello): Place {
  const file = url.startsWith('file:') ? fileURLToPath(url) : url
  const place = { file, line: lineNumber + 1, column: columnNumber + 1 }
  const packageName = packageOf(file)
  return {
    frame: file === '' ? place : (mapSite([place])[0] ?? place),
    file,
    owner: ownerOf(functionName, file, packageName, hello),
    packageName,
  }
}

function ownerOf(
  functionName: string,
  file: string,
  packageName: string | undefined,
  hello: ProbeHello,
): ProfileNode['owner'] {
  if (functionName === '(idle)' || functionName === '(program)') return 'idle'
  if (file === '' || file.startsWith('node:')) return 'runtime'
  const ownFolder = entryFolder(hello.entry)
  const isOwn =
    ownFolder !== undefined && file.startsWith(ownFolder) && !file.slice(ownFolder.length).includes('node_modules')
  return packageName === undefined || isOwn ? 'application' : 'dependency'
}

/** An entry file inside node_modules makes that package the application. */
function entryFolder(entry: string): string | undefined {
  const name = packageOf(entry)
  if (name === undefined) return dirname(entry) + sep
  const end = entry.lastIndexOf(`node_modules${sep}${name}`) + `node_modules${sep}${name}`.length
  return entry.slice(0, end) + sep
}

function packageOf(file: string): string | undefined {
  const matches = [...file.matchAll(/node_modules[\\/]((?:@[^\\/]+[\\/])?[^\\/]+)/g)]
  return matches.at(-1)?.[1]?.replaceAll('\\', '/')
}
