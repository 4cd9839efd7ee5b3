/** Where unpacked libraries lie: the loader knows only the system's own folders, and some packages have folders of their own. */
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

export function libraryEnv(unpacked: string, arch: string = process.arch): Readonly<Record<string, string>> {
  const triplet = `${arch === 'arm64' ? 'aarch64' : 'x86_64'}-linux-gnu`
  const native = existing(unpacked, [`usr/lib/${triplet}`, `lib/${triplet}`])
  // PulseAudio and NSS keep libraries one level down and find them by an absolute path of the system.
  const nested = native.flatMap(folder => foldersIn(folder).filter(holdsLibraries))
  return { LD_LIBRARY_PATH: [...native, ...nested, ...existing(unpacked, ['usr/lib', 'lib'])].join(':') }
}

function existing(base: string, paths: readonly string[]): string[] {
  return paths.map(path => join(base, path)).filter(path => existsSync(path))
}

function foldersIn(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap(entry =>
    entry.isDirectory() ? [join(folder, entry.name)] : [],
  )
}

function holdsLibraries(folder: string): boolean {
  return readdirSync(folder).some(name => /^lib.*\.so(\.|$)/.test(name))
}
