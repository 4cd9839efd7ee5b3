import { startPostgres } from '@whetstone/sandbox'
import { Client } from 'pg'
import { describe, expect, it } from 'vitest'
import { bench, figuresOf } from './index-advice.ts'
import { cases } from './index-advice/cases/index.ts'
import { scoreOf } from './index-advice/score.ts'

describe('bench index-advice', () => {
  it('asks a few of its cases of a real server, and most answers are right', async () => {
    const lines: string[] = []
    const { runs, figures } = await bench.run({ quick: true, log: line => lines.push(line) })
    expect(runs).toBe(Math.ceil(cases.length / 12))
    expect(lines).toHaveLength(runs)
    // The full run has the bars; here a busy machine may cost a case.
    expect(figures.precision, lines.join('\n')).toBeGreaterThanOrEqual(0.7)
    expect(figures.recall, lines.join('\n')).toBeGreaterThanOrEqual(0.7)
  }, 600_000)

  it('has at least sixty cases, each of its own, and many that want nothing', () => {
    expect(cases.length).toBeGreaterThanOrEqual(60)
    expect(new Set(cases.map(({ name }) => name)).size).toBe(cases.length)
    expect(cases.filter(({ wants }) => wants.length === 0).length).toBeGreaterThanOrEqual(20)
  })

  it('compares indexes as PostgreSQL writes them, whatever their names', async () => {
    const server = await startPostgres()
    const client = new Client({ connectionString: await server.createDatabase('app') })
    await client.connect()
    try {
      await client.query('create table items (id int, code text, at timestamp)')
      const advised = [
        'CREATE INDEX CONCURRENTLY items_code_idx ON items (lower(code));',
        'CREATE INDEX CONCURRENTLY items_at_idx ON items (at DESC) WHERE id IS NOT NULL;',
      ]
      const wants = [['items (id)', 'items (LOWER( code ))'], ['items (code)']]
      expect(await scoreOf(client, advised, wants)).toEqual({
        right: 1,
        wrong: ['public.items USING btree (at DESC) WHERE (id IS NOT NULL)'],
        missed: ['items (code)'],
      })
      expect(await scoreOf(client, [], [])).toEqual({ right: 0, wrong: [], missed: [] })
    } finally {
      await client.end()
      await server.stop()
    }
  })

  it('says how much of the advice was wanted, and how much of what was wanted was advised', () => {
    const scores = [
      { right: 3, wrong: ['a'], missed: [] },
      { right: 1, wrong: [], missed: ['b', 'c'] },
      { right: 0, wrong: [], missed: [] },
    ]
    expect(figuresOf(scores)).toEqual({
      cases: 3,
      precision: 0.8,
      recall: 0.6667,
      right: 4,
      wrong: 1,
      missed: 2,
      casesRight: 1,
    })
    expect(figuresOf([])).toMatchObject({ cases: 0, precision: 1, recall: 1 })
  })
})
