/** A service per ORM with the same faults: each is found, at the line of the service that asks. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { practices } from '@whetstone/catalogue'
import type { RunReport, Workload } from '@whetstone/model'
import { startPostgres, type PostgresServer } from '@whetstone/sandbox'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { diagnose } from './diagnose.ts'
import { lineOf, runnable } from './measure/probe/testing/observe-fixture.ts'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const services = {
  'Prisma 7': 'probe-prisma/faults-prisma.ts',
  Sequelize: 'probe-express4/faults-sequelize.mjs',
  TypeORM: 'probe-services/faults-typeorm.mjs',
  Drizzle: 'probe-services/faults-drizzle.mjs',
  Kysely: 'probe-services/faults-kysely.mjs',
  Knex: 'probe-services/faults-knex.mjs',
}

/** Titles of 1,600 bytes, which stay in their rows: 20 of an author are what nobody asked for. */
const schema = `
  create table author (id int primary key, name text not null);
  create table book (id int primary key, author_id int not null references author, title text not null);
  create index book_author on book (author_id);
  insert into author select i, 'author ' || i from generate_series(1, 20) i;
  insert into book select i, 1 + i % 20, (select string_agg(md5(i::text || n), '') from generate_series(1, 50) n)
    from generate_series(1, 400) i;
  vacuum analyze;`

const workload: Workload = {
  routes: ['series', 'together', 'wide', 'twice'].map(name => ({
    route: `GET /${name}/:id`,
    weight: 1,
    requests: Array.from({ length: 20 }, (_, at) => ({ method: 'GET', path: `/${name}/${at + 1}`, headers: {} })),
  })),
  skipped: [],
}

/** What the faults cost depends on how busy the machine is, and is not asked here; nor is any other practice. */
const settings = {
  ...Object.fromEntries(practices.map(({ id }) => [id, 'off' as const])),
  'n-plus-one': { timeFraction: 0, leastTimeFraction: 0, totalMs: 0 },
  'select-needed-columns': { timeFraction: 0 },
  'duplicate-queries': { timeFraction: 0 },
}

let postgres: PostgresServer
let base: string
beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'whetstone-orm-lines-'))
  postgres = await startPostgres()
  const client = new pg.Client({ connectionString: postgres.url })
  await client.connect()
  for (const statement of schema.split(';\n')) await client.query(statement)
  await client.end()
})
afterAll(async () => {
  await postgres?.stop()
  await rm(base, { recursive: true, force: true })
})

async function diagnosed(file: string): Promise<RunReport> {
  const { report } = await diagnose({
    subject: {
      kind: 'command',
      command: [process.execPath, await runnable({ file })],
      env: { DATABASE_URL: postgres.url },
      workingDirectory: root,
    },
    plan: async () => workload,
    databaseUrl: postgres.url,
    ratePerSecond: 16,
    durationMs: 2_000,
    warmUpMs: 0,
    seed: 1,
    base,
    root,
    name: file,
    command: 'whetstone diagnose',
    tool: 'whetstone',
    now: () => new Date(),
    onProgress: () => {},
    signal: new AbortController().signal,
    settings,
  })
  return report
}

/** Of each finding its route, the line that asks, and the line that calls there. */
function placesOf({ findings }: RunReport, practice: string): readonly string[] {
  return findings
    .filter(finding => finding.practice === practice)
    .map(({ where }) => [where.route, ...(where.site ?? []).slice(0, 2).map(at => `${at.file}:${at.line}`)].join(' '))
    .toSorted()
}

describe.each(Object.entries(services))('%s', (_, file) => {
  it('has its faults named at the lines of the service', { timeout: 240_000 }, async () => {
    const line = (comment: string) => relative(root, lineOf(file, comment))
    const at = (route: string, caller = '') =>
      expect.stringContaining(`GET /${route}/:id ${line(route)} ${caller}`) as string
    const report = await diagnosed(file)
    expect({
      'n-plus-one': placesOf(report, 'n-plus-one'),
      'select-needed-columns': placesOf(report, 'select-needed-columns'),
      'duplicate-queries': placesOf(report, 'duplicate-queries'),
    }).toEqual({
      'n-plus-one': [at('series', line('loop')), at('together')],
      'select-needed-columns': [at('wide')],
      'duplicate-queries': [at('twice', line('caller'))],
    })
  })
})
