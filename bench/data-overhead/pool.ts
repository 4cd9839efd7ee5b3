/** The pool's query path beside `pg.Pool` and bare clients that send the same messages, and what its automatic names save. */
import pg from 'pg'
import { Pool } from '@whetstone/runtime/data'
import { median } from '@whetstone/stats'
import type { OverheadPart } from '../data-overhead.ts'

const connections = 10
const rows = 1_000
const text = 'select id, name from item where id = $1'

type Run = (id: number, worker: number) => Promise<unknown>

export const poolOverhead: OverheadPart = {
  name: 'pool',
  async measure({ databaseUrl, quick, log }) {
    const rounds = quick ? 2 : 21
    const queries = quick ? 200 : 3_000
    const options = { connectionString: databaseUrl, max: connections }
    const ours = new Pool(options)
    const nameless = new Pool({ ...options, leakAfterMs: 0 })
    const theirs = new pg.Pool(options)
    const clients = Array.from({ length: connections }, () => new pg.Client(databaseUrl))
    try {
      await ours.query(`create table item (id int primary key, name text);
        insert into item select i, 'item ' || i from generate_series(1, ${rows}) i; analyze item`)
      await Promise.all(clients.map(async client => await client.connect()))
      const variants: Readonly<Record<string, Run>> = {
        ours: async id => await ours.query(text, [id]),
        // What is held against ours sends exactly the same: a named statement.
        pool: async id => await theirs.query({ name: 'item', text, values: [id] }),
        client: async (id, worker) => await clients[worker]!.query({ name: 'item', text, values: [id] }),
        unnamed: async id => await theirs.query(text, [id]),
        lent: async id => await ours.withClient(async client => await client.query(text, [id])),
        lentNameless: async id => await nameless.withClient(async client => await client.query(text, [id])),
        pgLent: async id => {
          const client = await theirs.connect()
          const answer = await client.query({ name: 'item', text, values: [id] })
          client.release()
          return answer
        },
      }
      for (const run of Object.values(variants)) await burst(run, queries * 2)
      const cpu = new Map<string, number[]>()
      const wall = new Map<string, number[]>()
      for (let round = 0; round < rounds; round++) {
        const order = round % 2 === 0 ? Object.entries(variants) : Object.entries(variants).toReversed()
        for (const [name, run] of order) {
          const spent = await burst(run, queries)
          cpu.set(name, [...(cpu.get(name) ?? []), spent.cpuMicros])
          wall.set(name, [...(wall.get(name) ?? []), spent.wallMicros])
        }
        log(`round ${round + 1} of ${rounds}`)
      }
      // Within a round the machine was the same.
      const ratios = (values: ReadonlyMap<string, readonly number[]>, one: string, other: string): number[] =>
        values.get(one)!.map((value, round) => value / values.get(other)![round]!)
      const ofPg = ratios(cpu, 'ours', 'pool').toSorted((a, b) => a - b)
      return {
        rounds,
        figures: {
          poolOfPg: median(ofPg),
          poolOfPgLowerQuartile: ofPg[Math.floor(rounds / 4)]!,
          poolOfPgUpperQuartile: ofPg[Math.floor((3 * rounds) / 4)]!,
          poolOfPgClient: median(ratios(cpu, 'ours', 'client')),
          // Every loan captures the line that took it, unless leaks are not to be named.
          poolOfPgLent: median(ratios(cpu, 'lent', 'pgLent')),
          poolOfPgLentNameless: median(ratios(cpu, 'lentNameless', 'pgLent')),
          poolMicros: median(cpu.get('ours')!),
          pgPoolMicros: median(cpu.get('pool')!),
          poolOfUnnamedPgElapsed: median(ratios(wall, 'ours', 'unnamed')),
        },
      }
    } finally {
      await Promise.all([ours.end(), nameless.end(), theirs.end(), ...clients.map(async client => await client.end())])
    }
  },
}

/** CPU and elapsed microseconds for each query of a closed loop over every connection. */
async function burst(run: Run, queries: number): Promise<{ readonly cpuMicros: number; readonly wallMicros: number }> {
  const before = process.cpuUsage()
  const startedMs = performance.now()
  let sent = 0
  const worker = async (_: unknown, index: number): Promise<void> => {
    while (sent < queries) await run(1 + (sent++ % rows), index)
  }
  await Promise.all(Array.from({ length: connections }, worker))
  const { user, system } = process.cpuUsage(before)
  return { cpuMicros: (user + system) / queries, wallMicros: ((performance.now() - startedMs) * 1000) / queries }
}
