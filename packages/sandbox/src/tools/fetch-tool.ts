/** Brings a tool into the cache once, whoever asks for it and however many ask at a time. */
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { WhetstoneError, exitCodes, isWhetstoneError } from '@whetstone/model'
import type { Host } from '../cache/host.ts'
import { moveIntoPlace } from '../cache/move-into-place.ts'
import { newScratch, sweepScratch } from '../cache/scratch.ts'
import { runToEnd } from '../process/run-to-end.ts'
import { unpackPackages } from './apt.ts'
import { libraryEnv } from './library-env.ts'
import { withLock } from './lock.ts'
import type { ToolRecipe } from './tool.ts'

export type Fetched =
  | { readonly kind: 'fetched'; readonly path: string; readonly env: Readonly<Record<string, string>> }
  | { readonly kind: 'failed'; readonly why: string }

export async function fetchTool(host: Host, aptGet: string, recipe: ToolRecipe, offline: boolean): Promise<Fetched> {
  const place = join(host.cache, 'tools', placeName(recipe))
  if (!existsSync(place)) {
    if (offline) return { kind: 'failed', why: 'WHETSTONE_OFFLINE forbids to fetch it' }
    try {
      await withLock(`${place}.lock`, async () => {
        if (!existsSync(place)) await fetchInto(place, host, aptGet, recipe)
      })
    } catch (error) {
      if (!isWhetstoneError(error)) throw error
      return { kind: 'failed', why: `it could not be fetched (${error.message})` }
    }
  }
  return { kind: 'fetched', path: join(place, recipe.inPackage), env: libraryEnv(place) }
}

async function fetchInto(place: string, host: Host, aptGet: string, recipe: ToolRecipe): Promise<void> {
  await sweepScratch(host.ownScratch, undefined)
  const draft = newScratch(host.ownScratch, 'fetch', undefined)
  try {
    const unpacked = join(draft, 'unpacked')
    await unpackPackages(aptGet, recipe.packages, join(draft, 'apt'), unpacked)
    await assertLoads(join(unpacked, recipe.inPackage), libraryEnv(unpacked))
    moveIntoPlace(unpacked, place)
  } finally {
    await runToEnd('rm', ['-rf', draft])
  }
}

/** Better now than at first use: lists every library the loader does not find. */
async function assertLoads(program: string, env: Readonly<Record<string, string>>): Promise<void> {
  const listed = await runToEnd('ldd', [program], { env: { ...process.env, ...env } })
  const missing = listed.split('\n').filter(line => line.includes('not found'))
  if (missing.length === 0) return
  throw new WhetstoneError(
    'WHET_SANDBOX_LIBRARIES',
    `${program} lacks libraries: ${missing.map(line => line.trim()).join(', ')}`,
    {
      exitCode: exitCodes.internal,
      logTail: missing,
    },
  )
}

/** A new recipe is a new folder: what an older version fetched is never taken for it. */
function placeName(recipe: ToolRecipe): string {
  const key = createHash('sha256')
    .update(JSON.stringify([recipe.packages, recipe.inPackage]))
    .digest('hex')
    .slice(0, 8)
  return `${recipe.packages[0] ?? 'tool'}-${key}`
}
