/** parse-server on PostgreSQL: SQL it generates itself, pointers without foreign keys, routes below a router of its own. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type PostgresServer, startPostgres } from '@whetstone/sandbox'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  diagnoseApp,
  type Diagnosis,
  foundBy,
  freePort,
  type Installed,
  installApp,
  processesWith,
} from './installed-app.ts'
import { fillParse, parseWords } from './parse-data.ts'

const list = 'GET /parse/classes/:className'
let installed: Installed
let postgres: PostgresServer | undefined
let diagnosis: Diagnosis | undefined
let databaseUrl: string

beforeAll(async () => {
  installed = await installApp('parse-server', '9.10.0')
  if ('notRun' in installed) return
  postgres = await startPostgres()
  databaseUrl = await postgres.createDatabase('parse_real')
  const port = await freePort()
  await fillParse(installed.folder, databaseUrl, port)
  const routes = [
    'GET /parse/classes/Post?limit=20&include=author',
    'GET /parse/classes/Post/:objectId',
    'GET /parse/classes/Note?limit=100&skip=80000&order=createdAt',
    ...['po00000321', 'po00025000', 'po00049000'].map(notesOf),
  ]
  diagnosis = await diagnoseApp(installed.folder, [
    ...['--db', databaseUrl, '--header', 'X-Parse-Application-Id: app'],
    ...routes.flatMap(route => ['--route', route]),
    '--',
    ...parseWords(databaseUrl, port),
  ])
})
afterAll(() => postgres?.stop())

describe('parse-server', () => {
  const check = (name: string, judge: (diagnosis: Diagnosis) => void | Promise<void>) =>
    test(name, async context => {
      if ('notRun' in installed) return context.skip(`not run: ${installed.notRun}`)
      await judge(diagnosis!)
    })

  check('is measured to the end, and nothing stays behind', async ({ exitCode, report }) => {
    expect(exitCode).toBe(0)
    expect(report.verdict).toBe('diagnosed')
    expect(report.overall.errors).toBe(0)
    expect(await processesWith(`--databaseURI\0${databaseUrl}`)).toEqual([])
  })

  check('has its typed routes under the names of its own router, with their statements', ({ report }) => {
    expect(report.routes.map(({ route }) => route).toSorted()).toEqual([list, `${list}/:objectId`])
    for (const route of report.routes) expect(route.queriesPerRequest).toBeGreaterThan(0)
  })

  check('lacks an index on the pointer that notes are found by', ({ report }) => {
    const found = foundBy(report, 'missing-index').find(({ where }) => where.resource === 'Note(post)')
    expect(found?.title).toBe('Note is read in full (100,000 rows) to find rows by post')
    expect(found?.where.route).toBe(list)
    expect(found?.remedy.code?.after).toContain('ON "Note" (post)')
  })

  check('reads deep pages by OFFSET', ({ report }) => {
    expect(foundBy(report, 'keyset-pagination').map(({ where }) => where.route)).toEqual([list])
  })

  check('is named at lines that can be opened', ({ report }) => {
    for (const { where } of report.findings) {
      if (!where.site) continue
      expect(where.site[0]!.file).toMatch(/^node_modules\/parse-server\/lib\//)
      expect(existsSync(join((installed as { folder: string }).folder, where.site[0]!.file))).toBe(true)
    }
  })

  check('hears nothing of what it does well', ({ report }) => {
    const practices = new Set(report.findings.map(({ practice }) => practice))
    for (const practice of [
      // Included pointers come in one statement, found by their primary key.
      'n-plus-one',
      'duplicate-queries',
      'sequential-independent-queries',
      'foreign-key-index',
      'connection-pooling',
      'pool-size',
      'batch-writes',
      'error-rate',
      'api-pagination',
      'limit-result-sets',
    ])
      expect(practices).not.toContain(practice)
    const indexes = foundBy(report, 'missing-index').map(({ where }) => where.resource)
    expect(indexes.filter(index => /^(Post|Author)\(/.test(index ?? ''))).toEqual([])
    expect(new Set(report.findings.map(({ fingerprint }) => fingerprint)).size).toBe(report.findings.length)
  })
})

function notesOf(objectId: string): string {
  const where = { post: { __type: 'Pointer', className: 'Post', objectId } }
  return `GET /parse/classes/Note?where=${encodeURIComponent(JSON.stringify(where))}`
}
