/** Does the adviser name the right index: cases with known answers, each one run against a real PostgreSQL. */
import { startPostgres } from '@whetstone/sandbox'
import { Client } from 'pg'
import { loadStatementParser } from '../packages/loop/src/measure/statement-shape.ts'
import { advise } from './index-advice/ask.ts'
import type { IndexCase } from './index-advice/case.ts'
import { cases } from './index-advice/cases/index.ts'
import { type CaseScore, scoreOf } from './index-advice/score.ts'
import { shop } from './index-advice/shop.ts'
import type { Bench } from './run.ts'

/** Of every sort one: what the tests have time for. */
const quickEvery = 12

export const bench: Bench = {
  name: 'index-advice',
  async run({ quick, log }) {
    await loadStatementParser()
    const wanted = cases.filter((_, at) => !quick || at % quickEvery === 0)
    const scores: CaseScore[] = []
    const server = await startPostgres({ settings: { max_parallel_workers_per_gather: '0' } })
    try {
      await withClient(await server.createDatabase('shop'), client => runEach(client, shop))
      // Nobody may be connected to what is copied, so the template is never asked itself.
      const shared = await server.createDatabase('asked', { template: 'shop' })
      for (const [at, one] of wanted.entries()) {
        const own = `case_${at}`
        const changes = one.setup !== undefined || one.writes !== undefined
        const url = changes ? await server.createDatabase(own, { template: 'shop' }) : shared
        const began = performance.now()
        const score = await judge(one, url)
        scores.push(score)
        log(lineOf(one, score, performance.now() - began))
        if (changes) await server.dropDatabase(own)
      }
    } finally {
      await server.stop()
    }
    return { runs: wanted.length, figures: figuresOf(scores) }

    async function judge(one: IndexCase, url: string): Promise<CaseScore> {
      const { setup } = one
      if (setup !== undefined) await withClient(url, client => runEach(client, setup))
      const { sql } = await advise(one, url, server)
      return await withClient(url, client => scoreOf(client, sql, one.wants))
    }
  },
}

/** One by one: VACUUM runs in no transaction, which several statements in one text would be. */
async function runEach(client: Client, sql: string): Promise<void> {
  for (const statement of sql.split(';')) await client.query(statement)
}

async function withClient<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

function lineOf({ name }: IndexCase, { wrong, missed }: CaseScore, ms: number): string {
  const faults = [...missed.map(one => `  missed: ${one}`), ...wrong.map(one => `  wrong: ${one}`)]
  return [`${faults.length > 0 ? 'MISS' : 'ok  '} ${name} (${(ms / 1000).toFixed(1)} s)`, ...faults].join('\n')
}

/** Precision: of what was advised, how much was wanted. Recall: of what was wanted, how much was advised. */
export function figuresOf(scores: readonly CaseScore[]): Readonly<Record<string, number>> {
  const sum = (of: (score: CaseScore) => number) => scores.reduce((total, score) => total + of(score), 0)
  const right = sum(score => score.right)
  const wrong = sum(score => score.wrong.length)
  const missed = sum(score => score.missed.length)
  return {
    cases: scores.length,
    precision: share(right, right + wrong),
    recall: share(right, right + missed),
    right,
    wrong,
    missed,
    casesRight: sum(score => Number(score.wrong.length + score.missed.length === 0)),
  }
}

const share = (part: number, whole: number): number => (whole === 0 ? 1 : Number((part / whole).toFixed(4)))
