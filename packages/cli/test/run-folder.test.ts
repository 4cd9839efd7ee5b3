import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { emptyFolder, type Finished, type Folder, processesWith, serverFile } from './command-line.ts'

const secrets = ['bearer-of-mine-0815', 'tenant-key-4711', 'pin-of-ann-9999', 'cookie-of-the-service', 'hunter2-in-url']
const short = ['--rate', '20', '--duration', '2s', '--warm-up', '200ms']

describe('a finished run', () => {
  let folder: Folder
  let finished: Finished
  beforeAll(async () => {
    folder = await emptyFolder()
    finished = await folder.run([
      'diagnose',
      '--json',
      ...short,
      ...['--route', 'GET /orders?token=hunter2-in-url&page=2'],
      ...['--header', 'authorization: Bearer bearer-of-mine-0815', '--header', 'x-tenant: tenant-key-4711'],
      ...['--login', 'POST /login {"user":"ann","pin":"pin-of-ann-9999"}'],
      ...['--', process.execPath, serverFile, 'good', '0', '--password=hunter2-in-url'],
    ])
  })
  afterAll(() => folder.remove())

  it('ends well and prints one object', () => {
    expect(finished.stderr).not.toContain('internal error')
    expect(finished.code).toBe(0)
    expect(JSON.parse(finished.stdout)).toMatchObject({ schema: 'whetstone/run@1', verdict: 'diagnosed' })
  })

  it('shows and keeps no secret anywhere', async () => {
    const places = new Map([...(await folder.written()), ['stdout', finished.stdout], ['stderr', finished.stderr]])
    expect([...places.keys()].some(file => file.endsWith('run.json'))).toBe(true)
    const leaks = [...places].flatMap(([file, text]) =>
      secrets.filter(secret => text.includes(secret)).map(secret => `${secret} in ${file}`),
    )
    expect(leaks).toEqual([])
  })

  it('is judged the same again, offline', async () => {
    const again = await folder.run(['identify', 'latest', '--json'])
    expect(again.code).toBe(0)
    const { findings, coverage } = JSON.parse(finished.stdout) as { findings: unknown; coverage: unknown }
    expect(JSON.parse(again.stdout)).toMatchObject({ findings, coverage })
  })

  it('is exported without parameters and literals', async () => {
    const run = [...(await folder.written()).keys()].find(file => file.endsWith('run.json')) as string
    const statement = {
      id: 's1',
      text: 'select * from orders where mail = $1',
      rawText: "select * from orders where mail = 'ann@example.org'",
      parameters: [['ann@example.org', 'Kungsgatan 12']],
    }
    await writeFile(
      join(run, '../evidence/statements.json'),
      JSON.stringify({ schema: 'statements@1', statements: [statement], uses: [] }),
    )
    const exported = await folder.run(['export', 'latest', '--output', 'shared.json'])
    expect(exported.stderr).toBe('')
    const text = await readFile(join(folder.path, 'shared.json'), 'utf8')
    expect(text).toContain('select * from orders where mail = $1')
    for (const value of ['ann@example.org', 'Kungsgatan', folder.path, ...secrets]) expect(text).not.toContain(value)
  })
})

describe('a run that fails', () => {
  const service = [process.execPath, serverFile, 'tells-and-exits', '0', '--password=hunter2-in-url']
  const login = 'PSOT /login {"user":"ann","pin":"pin-of-ann-9999"}'

  it.each<[string, readonly string[]]>([
    ['because the service ends, with its last lines', ['diagnose', '--verbose', '--', ...service]],
    ['because it cannot be started', ['diagnose', '--', './missing', '--token=bearer-of-mine-0815']],
    ['because the login cannot be read', ['diagnose', '--login', login, '--', process.execPath, serverFile, 'good']],
    ['because of a flag that there is not', ['diagnose', '--db-url=postgres://app:hunter2-in-url@db/shop']],
    ['because of a database elsewhere', ['trial', '--a=x', '--b=x', '--db', 'postgres://app:hunter2-in-url@db/shop']],
  ])('%s shows no secret', async (_why, words) => {
    const folder = await emptyFolder()
    const { code, stdout, stderr } = await folder.run(words)
    expect(code).not.toBe(0)
    expect(stderr).toMatch(/exit|unknown option/)
    const places = new Map([...(await folder.written()), ['stdout', stdout], ['stderr', stderr]])
    const leaks = [...places].filter(([, text]) => secrets.some(secret => text.includes(secret)))
    expect(leaks).toEqual([])
    await folder.remove()
  })
})

describe('an interrupt while measuring', () => {
  it('ends everything within three seconds, and what was measured is kept', async () => {
    const folder = await emptyFolder()
    const mark = `mark-${process.pid}-${Math.floor(performance.now())}`
    const running = folder.start([
      'diagnose',
      ...['--rate', '50', '--duration', '60s', '--warm-up', '200ms', '--route', 'GET /orders'],
      ...['--', process.execPath, serverFile, 'good', '0', mark],
    ])
    await running.printed(/measuring .*\n.*req\/s.*p50/s)
    const interruptedAt = performance.now()
    process.kill(-running.pid, 'SIGINT')
    const { code, stderr } = await running.finished
    expect(performance.now() - interruptedAt).toBeLessThan(3_000)
    expect(code).toBe(130)
    expect(stderr).toMatch(/Interrupted\. What was measured so far is kept: whetstone report \S+\n/)
    expect(await processesWith(mark)).toEqual([])
    const files = [...(await folder.written()).keys()]
    expect(files.some(file => file.endsWith('load-curve.json'))).toBe(true)
    expect(files.some(file => file.endsWith('run.json'))).toBe(true)
    expect(files.some(file => file.endsWith('.new'))).toBe(false)
    await folder.remove()
  })
})

describe('an interrupt before anything was measured', () => {
  it('promises nothing', async () => {
    const folder = await emptyFolder()
    const running = folder.start(['diagnose', '--', process.execPath, serverFile, 'never-listens'])
    await running.printed('starting')
    process.kill(-running.pid, 'SIGINT')
    const { code, stderr } = await running.finished
    expect(code).toBe(130)
    expect(stderr).toContain('Interrupted. No run was saved.')
    await folder.remove()
  })
})
