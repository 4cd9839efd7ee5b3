/** json-server with 10,000 posts and 30,000 comments in memory: no database, so all it waits for is its own thread. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
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

const posts = 10_000
const comments = 30_000
let installed: Installed
let data: string
let diagnosis: Diagnosis | undefined

beforeAll(async () => {
  data = await mkdtemp(join(tmpdir(), 'whetstone-json-server-'))
  installed = await installApp('json-server', '0.17.4')
  if ('notRun' in installed) return
  const file = join(data, 'db.json')
  await writeFile(file, JSON.stringify(rows()))
  const entry = 'node_modules/json-server/lib/cli/bin.js'
  diagnosis = await diagnoseApp(installed.folder, ['--', 'node', entry, '--port', String(await freePort()), file])
})
afterAll(() => rm(data, { recursive: true, force: true }))

describe('json-server', () => {
  const check = (name: string, judge: (diagnosis: Diagnosis) => void | Promise<void>) =>
    test(name, async context => {
      if ('notRun' in installed) return context.skip(`not run: ${installed.notRun}`)
      await judge(diagnosis!)
    })

  check('is measured to the end, and nothing stays behind', async ({ exitCode, report }) => {
    expect(exitCode).toBe(0)
    expect(report.verdict).toBe('diagnosed')
    expect(report.overall.errors).toBe(0)
    expect(await processesWith(data)).toEqual([])
  })

  check('has its lists and single items called with ids that exist', ({ report }) => {
    expect(report.routes.map(route => route.route).toSorted()).toEqual([
      'GET /comments',
      'GET /comments/:id',
      'GET /db',
      'GET /posts',
      'GET /posts/:id',
    ])
  })

  check('sends whole lists to whoever asks for no page', ({ report }) => {
    const lists = foundBy(report, 'api-pagination')
    expect(lists.map(({ where }) => where.route).toSorted()).toEqual(['GET /comments', 'GET /db', 'GET /posts'])
    expect(lists.find(({ where }) => where.route === 'GET /posts')?.title).toMatch(/^all 10,000 items .* with _limit$/)
  })

  check('blocks its thread, which is told once for one cause, at a line that can be opened', ({ report }) => {
    const blocking = foundBy(report, 'event-loop-blocking')
    const thread = [...blocking, ...foundBy(report, 'serialization-format')]
    expect(thread.length).toBeGreaterThan(0)
    expect(blocking.length).toBeLessThanOrEqual(1)
    for (const { where } of thread) {
      if (!where.site) continue
      expect(where.site[0]!.file).toMatch(/^node_modules\/json-server\/lib\/server\/router\//)
      expect(existsSync(join((installed as { folder: string }).folder, where.site[0]!.file))).toBe(true)
    }
  })

  check('hears nothing of what it does not have or does already', ({ report }) => {
    const practices = new Set(report.findings.map(({ practice }) => practice))
    for (const practice of [
      // It compresses, and has no database.
      'response-compression',
      'missing-index',
      'n-plus-one',
      'slow-queries',
      'connection-pooling',
      'sync-io',
      'error-rate',
      'n-plus-one-http',
    ])
      expect(practices).not.toContain(practice)
    expect(new Set(report.findings.map(({ fingerprint }) => fingerprint)).size).toBe(report.findings.length)
  })
})

function rows() {
  const text = 'It was late, and the shop had been closed for hours, but a lamp was still burning in the back room.'
  return {
    posts: Array.from({ length: posts }, (_, at) => ({
      id: at + 1,
      title: `Post ${at + 1}`,
      body: text + text,
      views: (at * 7_919) % 1_000,
      author: `author-${(at * 104_729) % 500}`,
    })),
    comments: Array.from({ length: comments }, (_, at) => ({
      id: at + 1,
      postId: 1 + ((at * 7_919) % posts),
      body: text,
    })),
  }
}
