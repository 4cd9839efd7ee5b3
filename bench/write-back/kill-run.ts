/** Kills writers at random moments, and asks afterwards whether anything they acknowledged is missing. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { WriteBack } from '@whetstone/runtime/cache'
import { Pool } from '@whetstone/runtime/data'
import type { PostgresServer } from '@whetstone/sandbox'
import { build } from 'esbuild'
import { flushTo, journalOf, originSql, type Setting } from './stage.ts'

export interface KillRuns {
  readonly runs: number
  readonly acknowledged: number
  /** Acknowledged, and neither at the origin nor overwritten there by a later write of its key. */
  readonly lost: number
  /** Lines of the origin's history that went back: to an older value, or an older sequence, of their key. */
  readonly outOfOrder: number
  /** Runs killed before their first acknowledgement: while opening, or reading what the run before had left. */
  readonly killedWhileOpening: number
  /** Writes that the next process found in the journal, over all runs. */
  readonly replayed: number
}

/** So long after its first acknowledgement, at most, a writer lives; every fifth so long after its begin, to die while it takes over. */
const longestLifeMs = 200
const takingOver = 0.2

/** @param server whose database is used for the origin and, as `postgres`, for the journal @param random 0 to 1 */
export async function killRuns(
  server: PostgresServer,
  journal: Setting['journal'],
  runs: number,
  random: () => number,
  log: (line: string) => void,
): Promise<KillRuns> {
  const folder = await mkdtemp(join(tmpdir(), 'whetstone-kill-'))
  const url = await server.createDatabase(`killed_${journal}`)
  const database = new Pool({ connectionString: url, max: 6 })
  const acknowledged = new Map<string, number>()
  const counts = { acknowledged: 0, lost: 0, killedWhileOpening: 0, replayed: 0 }
  try {
    await database.query(originSql)
    const writer = await bundled()
    for (let run = 0; run < runs; run++) {
      const setting: Setting = { journal, url, folder, firstValue: run * 1_000_000 + 1 }
      const said = await lifeOfWriter(writer, setting, random)
      if (said.length === 0) counts.killedWhileOpening++
      counts.acknowledged += said.length
      for (const [key, value] of said) acknowledged.set(key, Math.max(acknowledged.get(key) ?? 0, value))
      // Every other time the next writer takes over itself, and may be killed while it does.
      if (run % 2 === 1 || run === runs - 1) {
        counts.replayed += await recover(setting, database)
        counts.lost += await missing(database, acknowledged)
      }
      if ((run + 1) % 10 === 0) log(`${journal}: ${run + 1} runs, ${JSON.stringify(counts)}`)
    }
    const { rows } = await database.query<{ count: number }>(`select count(*)::int as count from (
      select value <= lag(value) over history_of or sequence <= lag(sequence) over history_of as back
      from history window history_of as (partition by key order by at)) as steps where back`)
    return { runs, ...counts, outOfOrder: rows[0]!.count }
  } finally {
    await database.end()
    await rm(folder, { recursive: true, force: true })
  }
}

/** One file starts in a tenth of a second; the sources would take longer to read than the writers live. */
async function bundled(): Promise<string> {
  const here = fileURLToPath(new URL('.', import.meta.url))
  // Where `pg` is found from.
  const outfile = join(here, '../node_modules/.cache/write-back/doomed-writer.mjs')
  const entryPoints = [join(here, 'doomed-writer.ts')]
  const conditions = ['@whetstone/source']
  const external = ['pg', 'ioredis', 'redis', 'memjs']
  await build({
    entryPoints,
    outfile,
    conditions,
    external,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
  })
  return outfile
}

/** @returns what it acknowledged before it was killed */
async function lifeOfWriter(writer: string, setting: Setting, random: () => number) {
  const killAt = random() < takingOver ? 'begun' : 'acknowledged'
  const lifeMs = random() * longestLifeMs
  const child = spawn(process.execPath, [writer, JSON.stringify(setting)], { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = once(child, 'exit')
  const said: (readonly [string, number])[] = []
  const lines = createInterface({ input: child.stdout })
  const closed = once(lines, 'close')
  lines.on('line', line => {
    // A line that the kill has torn says nothing.
    const [, key, value] = /^(k\d+) (\d+)$/.exec(line) ?? []
    if (key !== undefined) said.push([key, Number(value)])
    if (line === 'begun' ? killAt === 'begun' : said.length === 1) setTimeout(() => child.kill('SIGKILL'), lifeMs)
  })
  const [code, signal] = (await ended) as [number | null, string | null]
  await closed
  if (signal !== 'SIGKILL') throw new Error(`the writer ended by itself: ${code ?? signal}`)
  return said
}

/** As the next process would: what is in the journal goes to the origin. @returns how much that was */
async function recover(setting: Setting, database: Pool): Promise<number> {
  const back = new WriteBack<number>({
    journal: journalOf(setting, database),
    flush: flushTo(database),
    closeTimeoutMs: 60_000,
  })
  await back.open()
  const pending = await back.pendingCount()
  // The lease of the dead process has to run out first.
  while ((await back.pendingCount()) > 0) await new Promise(resolve => setTimeout(resolve, 10))
  await back.close()
  return pending
}

async function missing(database: Pool, acknowledged: ReadonlyMap<string, number>): Promise<number> {
  const { rows } = await database.query<{ key: string; value: string }>('select key, value from origin')
  const at = new Map(rows.map(({ key, value }) => [key, Number(value)]))
  return [...acknowledged].filter(([key, value]) => (at.get(key) ?? 0) < value).length
}
