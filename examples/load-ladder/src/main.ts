/** `npm run example:load-ladder`: starts the database, climbs, prints a table and writes one page. */
import { randomUUID } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { renderLadder } from '@whetstone/dashboard'
import { type LadderReport, type LadderRung, msText, wholeText } from '@whetstone/model'
import { startPostgres } from '@whetstone/sandbox'
import { climb } from './climb.ts'
import { rungs } from './rungs.ts'

const amounts = { orders: 60_000, customers: 2_000 }
const ratePerSecond = 60
const [warmUpMs, durationMs, seed] = [2_000, 15_000, 1]

const startedAt = new Date()
say(`  PostgreSQL 18, ${wholeText(amounts.orders)} orders; ${ratePerSecond} requests per second, open model\n`)
const postgres = await startPostgres({ database: 'ladder' })
try {
  say(`  ${'rung'.padEnd(18)}${['p50', 'p95', 'p99', 'requests'].map(name => name.padStart(10)).join('')}`)
  const climbed = await climb({
    databaseUrl: postgres.url,
    rungs,
    amounts,
    ratePerSecond,
    warmUpMs,
    durationMs,
    seed,
    onRung: rung => say(`  ${rowOf(rung)}`),
  })
  const file = join('.whetstone', 'load-ladder.html')
  await mkdir('.whetstone', { recursive: true })
  await writeFile(file, renderLadder(reportOf(climbed)))
  say(`\n  Every rung gave the same answers. Chart: ${file}`)
} finally {
  await postgres.stop()
}

function rowOf({ label, p50Ms, p95Ms, p99Ms, requests, generator }: LadderRung): string {
  const cells = [...[p50Ms, p95Ms, p99Ms].map(msText), wholeText(requests)]
  const doubt = generator === 'healthy' ? '' : `   generator ${generator}`
  return `${label.padEnd(18)}${cells.map(text => text.padStart(10)).join('')}${doubt}`
}

function reportOf(climbed: readonly LadderRung[]): LadderReport {
  const list = cpus()
  return {
    schema: 'whetstone/ladder@1',
    title: 'open orders of a customer',
    run: {
      id: randomUUID(),
      startedAt: startedAt.toISOString(),
      durationMs: Date.now() - startedAt.getTime(),
      command: 'npm run example:load-ladder',
      tool: 'whetstone example',
      node: process.version,
      machine: `${list.length} cores, ${list[0]?.model.trim() ?? 'unknown CPU'}, ${process.platform} ${process.arch}`,
      seed,
    },
    offeredRatePerSecond: ratePerSecond,
    rungs: climbed,
  }
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}
