/** Makes PostgreSQL's binaries startable by the user that shall run them: within reach, and with the library links an npm package cannot hold. */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { Host } from '../cache/host.ts'
import { moveIntoPlace } from '../cache/move-into-place.ts'
import { blockingFolder } from '../cache/reach.ts'
import { newScratch } from '../cache/scratch.ts'
import { runToEnd } from '../process/run-to-end.ts'
import type { PostgresPackage } from './package.ts'

export interface Binaries {
  readonly initdb: string
  readonly postgres: string
  readonly env: NodeJS.ProcessEnv
}

export async function prepareBinaries(host: Host, from: PostgresPackage): Promise<Binaries> {
  const native =
    host.serverUser && blockingFolder(join(from.nativeFolder, 'bin'), host.serverUser)
      ? await copyOut(host, from)
      : from.nativeFolder
  const libraryPath = linkLibraries(native, host.cache)
  return {
    initdb: join(native, 'bin', 'initdb'),
    postgres: join(native, 'bin', 'postgres'),
    env: {
      PATH: process.env['PATH'] ?? '/usr/bin:/bin',
      LC_ALL: 'C',
      TZ: 'UTC',
      ...(libraryPath && { LD_LIBRARY_PATH: libraryPath.join(':') }),
    },
  }
}

/** Copies to a private folder and renames it into place: two processes may do it at once, and one of them wins. */
async function copyOut(host: Host, from: PostgresPackage): Promise<string> {
  const copy = join(host.cache, 'postgres', `native-${from.version}-${hash(from.nativeFolder)}`)
  if (existsSync(copy)) return copy
  const draft = newScratch(host.ownScratch, 'copy', undefined)
  await runToEnd('cp', ['-R', from.nativeFolder, join(draft, 'native')])
  await runToEnd('chmod', ['-R', 'go+rX,go-w', join(draft, 'native')])
  moveIntoPlace(join(draft, 'native'), copy)
  await runToEnd('rm', ['-rf', draft])
  return copy
}

interface LibraryLink {
  readonly source: string
  readonly target: string
}

/** Creates what the package's install script would have; where node_modules is read-only, in the cache: then the library path is returned. */
function linkLibraries(native: string, cache: string): readonly string[] | undefined {
  const listed = JSON.parse(readFileSync(join(native, 'pg-symlinks.json'), 'utf8')) as readonly LibraryLink[]
  const library = join(native, 'lib')
  const missing = listed.filter(link => !existsSync(join(library, basename(link.target))))
  try {
    for (const link of missing) linkUnlessThere(basename(link.source), join(library, basename(link.target)))
    return undefined
  } catch {
    const links = join(cache, 'postgres', `links-${hash(native)}`)
    mkdirSync(links, { recursive: true, mode: 0o755 })
    for (const link of listed) linkUnlessThere(join(library, basename(link.source)), join(links, basename(link.target)))
    // Both: with the links alone the libraries that are no links are not found.
    return [links, library]
  }
}

function linkUnlessThere(to: string, at: string): void {
  try {
    symlinkSync(to, at)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 12)
}
