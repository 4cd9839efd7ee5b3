/** What an entry with an end of its own weighs beyond its key and value: ours and lru-cache's, each filled in a fresh process. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { CachePartOptions } from '../cache.ts'

const program = new URL('fill.ts', import.meta.url).pathname
const run = promisify(execFile)

export async function bytesPerEntry({ quick, log }: CachePartOptions) {
  const sizes = quick ? [20_000] : [100_000, 300_000, 1_000_000]
  const figures: Record<string, number> = {}
  let worst = 0
  for (const entries of sizes) {
    const ours = await weigh('ours', entries)
    const theirs = await weigh('lru-cache', entries)
    log(`${entries} entries: ${ours.toFixed(1)} bytes each, lru-cache ${theirs.toFixed(1)}`)
    figures[`bytesPerEntry${entries}`] = Math.round(ours)
    figures[`bytesPerEntryLruCache${entries}`] = Math.round(theirs)
    worst = Math.max(worst, ours / theirs)
  }
  return { rounds: sizes.length, figures: { bytesPerEntryOfLruCache: Number(worst.toPrecision(3)), ...figures } }
}

async function weigh(cache: string, entries: number): Promise<number> {
  const { stdout } = await run(process.execPath, [
    '--expose-gc',
    '--conditions=@whetstone/source',
    '--import',
    'tsx',
    program,
    cache,
    String(entries),
  ])
  return Number(stdout)
}
