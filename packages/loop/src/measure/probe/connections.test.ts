/** What becomes of connections and statements beyond their time: who keeps a connection, what is prepared, what is written into the text, what the server refused. */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { startPostgres, type PostgresServer } from '@whetstone/sandbox'
import type { ProbeEvidence } from './probe-evidence.ts'
import { bookDatabase, lineOf, runFixture, type RunningFixture } from './testing/observe-fixture.ts'

const file = 'probe-services/http-pg-connections.mjs'

let server: PostgresServer
let running: RunningFixture
let evidence: ProbeEvidence

beforeAll(async () => {
  server = await startPostgres()
  running = await runFixture({ file, databaseUrl: await bookDatabase(server) })
  expect(await running.ask('/conflict')).toBe('committed 40001')
  for (const path of ['/give-back', '/named', '/forget', '/forget', '/forget']) await running.ask(path)
  for (const name of ['author', 'thor', 'hor 1', 'or 2']) await running.ask(`/search?name=${encodeURIComponent(name)}`)
  for (const size of [100, 200, 300]) await running.ask(`/page?size=${size}`)
  // Connections count as kept when they have not been used for two seconds.
  await vi.waitFor(
    async () => {
      await running.receiver.flush()
      evidence = running.receiver.evidence()
      expect(heldAt('taken')?.connections).toBe(3)
    },
    { timeout: 20_000, interval: 200 },
  )
})
afterAll(async () => {
  await running.stop()
  await server.stop()
})

function heldAt(comment: string) {
  const held = evidence.runtime.processes.flatMap(({ pools }) => pools).flatMap(pool => pool.held ?? [])
  return held.find(({ site }) => `${site?.[0]?.file}:${site?.[0]?.line}` === lineOf(file, comment))
}
const statement = (part: string) => evidence.statements.statements.find(({ text }) => text.includes(part))

describe('connections that are not given back', () => {
  it('are named by the line that took them, and by what they ran last', () => {
    expect(heldAt('taken')).toMatchObject({ connections: 3, outlived: 3 })
    const last = evidence.statements.statements.find(({ id }) => id === heldAt('taken')?.statementId)
    expect(last?.text).toBe('select name from author where id = $1')
    expect(heldAt('taken')!.unusedMs).toBeGreaterThanOrEqual(2_000)
    expect(heldAt('taken')!.longestMs).toBeGreaterThan(heldAt('taken')!.unusedMs)
  })
  it('are told apart from one that no request took', () => {
    expect(heldAt('listener')).toMatchObject({ connections: 1, outlived: 0 })
  })
  it('are none of those that were given back, or that query() took', () => {
    const held = evidence.runtime.processes.flatMap(({ pools }) => pools).flatMap(pool => pool.held ?? [])
    expect(held.reduce((sum, { connections }) => sum + connections, 0)).toBe(4)
  })
})

describe('statements', () => {
  it('are prepared or not', () => {
    expect(statement('select title from book where id')?.named).toBe(true)
    expect(statement('select name from author where id')?.named).toBe(false)
  })
  it('hold literals that were in the URL of their request', () => {
    expect(statement('from author where name like')).toMatchObject({
      literalSets: 4,
      requestLiterals: [{ parameter: 'name', texts: 4, quoted: true }],
    })
    expect(statement('where title <>')).toMatchObject({
      literalSets: 3,
      requestLiterals: [{ parameter: 'size', texts: 3, quoted: false }],
    })
    expect(statement('select name from author where id')).not.toHaveProperty('literalSets')
  })
  it('count what the server gave up because of others', () => {
    const conflicts = evidence.statements.uses.reduce((sum, use) => sum + (use.conflicts ?? 0), 0)
    expect(conflicts).toBe(1)
  })
})
