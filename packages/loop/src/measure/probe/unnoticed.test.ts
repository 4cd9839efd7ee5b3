/** The probe must not be noticed: same answers with and without it, nothing kept alive, and no harm when the tool goes away. */
import { execFile } from 'node:child_process'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startPostgres } from '@whetstone/sandbox'
import type { PostgresServer } from '@whetstone/sandbox'
import { bookDatabase, fixturePath, observe, runFixture } from './testing/observe-fixture.ts'
import { probeEntry } from './probe-entry.ts'
import { ProbeReceiver } from './receiver.ts'

const run = promisify(execFile)
let postgres: PostgresServer
let databaseUrl: string
beforeAll(async () => {
  postgres = await startPostgres()
  databaseUrl = await bookDatabase(postgres)
})
afterAll(async () => await postgres?.stop())

test.each(['red', 'trace'] as const)('a service sees the same with and without the probe at level %s', async level => {
  const plainEnv = { ...process.env, DATABASE_URL: databaseUrl }
  const without = await run(process.execPath, [fixturePath('probe-services/behaviour.mjs')], { env: plainEnv })
  const receiver = new ProbeReceiver({ level })
  const { env } = await receiver.start()
  try {
    const watched = await run(process.execPath, [fixturePath('probe-services/behaviour.mjs')], {
      env: { ...plainEnv, ...env },
    })
    expect(watched.stdout).toBe(without.stdout)
    expect(watched.stderr).toBe(without.stderr)
    expect(receiver.warnings()).toEqual([])
  } finally {
    await receiver.close()
  }
})

test('a process that serves nothing does not connect', async () => {
  let connections = 0
  const path = join(tmpdir(), `whetstone-dormant-${process.pid}.sock`)
  const server = createServer(() => connections++).listen(path)
  const { stdout } = await run(process.execPath, [`--import=${await probeEntry()}`, '-e', 'console.log(1 + 1)'], {
    env: { ...process.env, WHETSTONE_PROBE_SOCKET: path },
  })
  server.close()
  expect(stdout).toBe('2\n')
  expect(connections).toBe(0)
})

test('without a socket to report to the probe changes nothing', async () => {
  const script = 'console.log(require("http").Server.prototype.hasOwnProperty("emit"))'
  const { stdout } = await run(process.execPath, [`--import=${await probeEntry()}`, '-e', script])
  expect(stdout).toBe('false\n')
})

test('the service goes on when the tool dies midway', async () => {
  const running = await runFixture({ file: 'probe-services/fastify-pg.mjs', databaseUrl })
  try {
    expect(await running.ask('/authors/1')).toBe('{"name":"author 1"}')
    await running.receiver.close()
    for (let id = 2; id < 12; id++) expect(await running.ask(`/authors/${id}`)).toBe(`{"name":"author ${id}"}`)
  } finally {
    await running.stop()
  }
})

test('a service whose tool never was there serves as ever', async () => {
  const { stdout } = await run(
    process.execPath,
    [`--import=${await probeEntry()}`, fixturePath('probe-services/behaviour.mjs')],
    { env: { ...process.env, DATABASE_URL: databaseUrl, WHETSTONE_PROBE_SOCKET: '/no/such/socket' } },
  )
  expect(stdout).toContain('rows')
})

test('every worker of a cluster reports for itself', async () => {
  const seen = await observe(
    { file: 'probe-services/cluster-pg.mjs', databaseUrl, lastPort: true, env: { PORT: '0' } },
    [
      ['/authors/1', '/authors/2'],
      ['/authors/3', '/authors/4'],
      ['/authors/5', '/authors/6'],
    ],
  )
  expect(seen.answers.toSorted()[0]).toBe('{"name":"author 1"}')
  expect(seen.evidence.traces.routes.map(({ route, requests }) => `${route} ${requests}`)).toEqual([
    'GET /authors/:id 6',
  ])
  expect(seen.evidence.runtime.processes).toHaveLength(2)
})

test('reset forgets what came before, and level red counts requests without reading statements', async () => {
  const running = await runFixture({ file: 'probe-services/fastify-pg.mjs', databaseUrl, level: 'red' })
  try {
    await running.ask('/authors/1')
    await running.receiver.reset()
    await running.ask('/authors/2')
    await running.ask('/authors/3/books')
    await running.receiver.flush()
    const { traces, statements } = running.receiver.evidence()
    expect(traces.routes.map(({ route, requests }) => `${route} ${requests}`).toSorted()).toEqual([
      'GET /authors/:id 1',
      'GET /authors/:id/books 1',
    ])
    expect(statements.uses).toEqual([])
    expect(traces.traces).toEqual([])
  } finally {
    await running.stop()
  }
})

test('a CPU profile names the code of the service apart from dependencies', async () => {
  const running = await runFixture({ file: 'probe-services/outbound.mjs', lastPort: true })
  try {
    running.receiver.profile(400)
    const arrived = () => running.receiver.evidence()['cpu-profile'].profiles[0]
    while (arrived() === undefined) await running.ask('/things/1')
    const profile = arrived()
    expect(profile?.samples).toBeGreaterThan(10)
    expect(profile?.requests).toBeGreaterThan(0)
    expect(profile?.nodes.some(node => node.owner === 'application' && node.file.endsWith('outbound.mjs'))).toBe(true)
  } finally {
    await running.stop()
  }
})
