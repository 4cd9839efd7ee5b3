/** Prints a climb as it goes, rung by rung, and writes it as one page. */
import { randomUUID } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { cpus } from 'node:os'
import { dirname, join } from 'node:path'
import { renderLadder } from '@whetstone/dashboard'
import { type LadderReport, type LadderRung, msText, wholeText } from '@whetstone/model'
import type { ClimbLoad } from './climb.ts'

export interface ShowOptions {
  /** Of the example: its command is `npm run example:<name>`, its page `.whetstone/<name>.html`. */
  readonly name: string
  readonly title: string
  /** Of the database: `60,000 orders`. */
  readonly filledWith: string
  readonly load: ClimbLoad
  readonly climb: (onRung: (rung: LadderRung) => void) => Promise<readonly LadderRung[]>
}

export async function showClimb({ name, title, filledWith, load, climb }: ShowOptions): Promise<void> {
  const startedAt = new Date()
  say(`  PostgreSQL 18, ${filledWith}; ${load.ratePerSecond} requests per second, open model\n`)
  let isFirst = true
  const rungs = await climb(rung => {
    if (isFirst) say(`  ${line('rung', headOf(rung))}`)
    isFirst = false
    say(`  ${rowOf(rung)}`)
  })
  const file = join('.whetstone', `${name}.html`)
  // npm runs it in the folder of the example, and says from where it was called.
  const path = join(process.env['INIT_CWD'] ?? '.', file)
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, renderLadder(reportOf()))
  say(`\n  Every rung gave the same answers. Chart: ${file}`)

  function reportOf(): LadderReport {
    const list = cpus()
    return {
      schema: 'whetstone/ladder@1',
      title,
      run: {
        id: randomUUID(),
        startedAt: startedAt.toISOString(),
        durationMs: Date.now() - startedAt.getTime(),
        command: `npm run example:${name}`,
        tool: 'whetstone example',
        node: process.version,
        machine: `${list.length} cores, ${list[0]?.model.trim() ?? 'unknown CPU'}, ${process.platform} ${process.arch}`,
        seed: load.seed,
      },
      offeredRatePerSecond: load.ratePerSecond,
      rungs,
    }
  }
}

function headOf({ queriesPerRequest }: LadderRung): readonly string[] {
  return [...(queriesPerRequest === undefined ? [] : ['queries']), 'p50', 'p95', 'p99', 'requests']
}

function rowOf({ label, queriesPerRequest, p50Ms, p95Ms, p99Ms, requests, generator }: LadderRung): string {
  const queries = queriesPerRequest === undefined ? [] : [queriesPerRequest.toFixed(1)]
  const doubt = generator === 'healthy' ? '' : `   generator ${generator}`
  return line(label, [...queries, ...[p50Ms, p95Ms, p99Ms].map(msText), wholeText(requests)]) + doubt
}

function line(label: string, cells: readonly string[]): string {
  return label.padEnd(18) + cells.map(text => text.padStart(10)).join('')
}

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}
