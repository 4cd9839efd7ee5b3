/** What watching a database costs it: CPU time of its process for each statement, with nothing on, with pg_stat_statements, and with all. */
import { readFile } from 'node:fs/promises'
import { startPostgres, type PostgresServer } from '@whetstone/sandbox'
import { median, quantile } from '@whetstone/stats'
import pg from 'pg'

const variants = {
  none: { shared_preload_libraries: '', track_io_timing: 'off' },
  statements: { shared_preload_libraries: 'pg_stat_statements', track_io_timing: 'off' },
  all: {
    shared_preload_libraries: 'pg_stat_statements,auto_explain',
    track_io_timing: 'on',
    'auto_explain.log_min_duration': '500ms',
  },
} as const
type Variant = keyof typeof variants
const names = Object.keys(variants) as Variant[]
const keys = 20_000

interface Watched {
  readonly server: PostgresServer
  readonly client: pg.Client
  readonly pid: number
}

export const bench = {
  name: 'database-observers',
  async run({ quick, log }: { readonly quick: boolean; log(line: string): void }) {
    const [rounds, statements] = quick ? [2, 200] : [15, 1_000]
    const watched: Partial<Record<Variant, Watched>> = {}
    try {
      for (const name of names) watched[name] = await start(name)
      const micros: Record<Variant, number[]> = { none: [], statements: [], all: [] }
      for (const name of names) await cost(watched[name]!, statements)
      for (let round = 0; round < rounds; round++) {
        for (const name of round % 2 === 0 ? names : names.toReversed())
          micros[name].push(await cost(watched[name]!, statements))
        log(`round ${round + 1}: ${names.map(name => `${name} ${micros[name].at(-1)!.toFixed(1)}`).join(', ')} µs`)
      }
      const ratios = (name: Variant) => micros[name].map((value, round) => value / micros.none[round]!)
      return {
        runs: rounds,
        figures: {
          microsWithoutAny: rounded(median(micros.none)),
          statementsOfNone: rounded(median(ratios('statements'))),
          statementsOfNoneQuartiles: quartiles(ratios('statements')),
          allOfNone: rounded(median(ratios('all'))),
          allOfNoneQuartiles: quartiles(ratios('all')),
        },
      }
    } finally {
      for (const one of Object.values(watched)) {
        await one.client.end()
        await one.server.stop()
      }
    }
  },
}

async function start(name: Variant): Promise<Watched> {
  const server = await startPostgres({ settings: variants[name] })
  const client = new pg.Client({ connectionString: server.url })
  await client.connect()
  await client.query(
    `CREATE TABLE rows_by_key (id int PRIMARY KEY, note text); INSERT INTO rows_by_key SELECT n, 'x' FROM generate_series(1, ${keys}) n`,
  )
  await client.query('VACUUM ANALYZE rows_by_key')
  const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')
  return { server, client, pid: rows[0]!.pid }
}

/** CPU microseconds of the server process for one read by key, parsed and planned anew each time as most drivers have it. */
async function cost({ client, pid }: Watched, statements: number): Promise<number> {
  const before = await cpuNanos(pid)
  for (let at = 0; at < statements; at++)
    await client.query('SELECT note FROM rows_by_key WHERE id = $1', [1 + ((at * 7_919) % keys)])
  return ((await cpuNanos(pid)) - before) / 1_000 / statements
}

/** Linux only: time on a CPU, to the nanosecond. */
async function cpuNanos(pid: number): Promise<number> {
  return Number((await readFile(`/proc/${pid}/schedstat`, 'utf8')).split(' ')[0])
}

const rounded = (value: number) => Number(value.toPrecision(3))
const quartiles = (values: readonly number[]) =>
  `${rounded(quantile(values, 0.25))} to ${rounded(quantile(values, 0.75))}`
