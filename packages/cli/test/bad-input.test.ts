import { createServer } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { emptyFolder, type Folder, serverFile } from './command-line.ts'

let folder: Folder
beforeAll(async () => void (folder = await emptyFolder()))
afterAll(() => folder.remove())

const service = (mode: string) => ['--', process.execPath, serverFile, mode]
const short = ['--rate', '20', '--duration', '1s', '--warm-up', '100ms', '--route', 'GET /orders']

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise(resolve => server.once('listening', resolve))
  const { port } = server.address() as { port: number }
  await new Promise(resolve => server.close(resolve))
  return port
}

describe('what a person may type wrong', () => {
  it('names the command that was probably meant', async () => {
    const { code, stderr } = await folder.run(['diagnos'])
    expect(code).toBe(2)
    expect(stderr).toContain("unknown command 'diagnos'")
    expect(stderr).toContain('Did you mean diagnose?')
  })

  it('names the flag that was probably meant', async () => {
    const { code, stderr } = await folder.run(['diagnose', '--ratee', '5', 'http://127.0.0.1:1'])
    expect(code).toBe(2)
    expect(stderr).toContain('Did you mean --rate?')
  })

  it('says which values a flag takes', async () => {
    const { code, stderr } = await folder.run(['diagnose', '--duration', 'long', 'http://127.0.0.1:1'])
    expect(code).toBe(2)
    expect(stderr).toContain("--duration is 'long'; write a time from 100ms to 60m, such as 30s")
    expect(stderr).not.toContain('    at ')
  })

  it('asks for a service when none was named', async () => {
    const { code, stderr } = await folder.run(['diagnose'])
    expect(code).toBe(2)
    expect(stderr).toContain('whetstone diagnose -- node server.js')
  })
})

describe('what it refuses before any request', () => {
  it('a production environment', async () => {
    const { code, stderr } = await folder.run(['diagnose', ...service('good')], { NODE_ENV: 'production' })
    expect(code).toBe(2)
    expect(stderr).toContain('--i-own-this')
  })

  it('a service on another machine', async () => {
    const { code, stderr } = await folder.run(['diagnose', 'http://shop.example.org'])
    expect(code).toBe(2)
    expect(stderr).toContain('--allow-host shop.example.org')
  })

  it('a database that does not answer, its password masked', async () => {
    const url = `postgres://app:pa55word-of-mine@127.0.0.1:${await freePort()}/shop`
    const { code, stderr, stdout } = await folder.run(['diagnose', ...short, '--db', url, ...service('good')])
    expect(stderr).toContain('cannot read the database postgres://app:***@127.0.0.1')
    expect(stderr).not.toContain('listening on')
    expect(stdout + stderr).not.toContain('pa55word')
    expect(code).toBe(3)
  })

  it('takes no notice of a DATABASE_URL of another kind of database', async () => {
    const { code, stderr } = await folder.run(['diagnose', ...short, ...service('good')], {
      DATABASE_URL: 'file:./development.sqlite',
    })
    expect(stderr).toContain('DATABASE_URL')
    expect(code).toBe(0)
  })
})

describe('a service that does not serve', () => {
  it('that is not there', async () => {
    const origin = `http://127.0.0.1:${await freePort()}`
    const { code, stderr } = await folder.run(['diagnose', origin])
    expect(stderr).toContain(`nothing answers at ${origin}`)
    expect(code).toBe(3)
  })

  it('that cannot be started', async () => {
    const { code, stderr } = await folder.run(['diagnose', '--', './no-such-program'])
    expect(stderr).toContain("cannot start './no-such-program'")
    expect(code).toBe(3)
  })

  it('that exits: its last lines are shown', async () => {
    const { code, stderr } = await folder.run(['diagnose', ...service('exits')])
    expect(stderr).toContain('exited with code 7')
    expect(stderr).toContain('Error: the configuration has no key PAYMENTS')
    expect(code).toBe(3)
  })

  it('that never listens', async () => {
    const { code, stderr } = await folder.run(['diagnose', '--start-timeout', '1s', ...service('never-listens')])
    expect(stderr).toContain('does not listen on any TCP port after 1 s')
    expect(code).toBe(3)
  })

  it('that answers no HTTP', async () => {
    const { code, stderr } = await folder.run(['diagnose', '--start-timeout', '5s', ...service('garbage')])
    expect(stderr).toContain('does not speak HTTP/1.1')
    expect(code).toBe(3)
  })

  it('that accepts and says nothing', async () => {
    const { code, stderr } = await folder.run(['diagnose', '--start-timeout', '3s', ...service('hangs')])
    expect(stderr).toContain('accepted no request within 3 s')
    expect(code).toBe(3)
  })

  it('that stops answering under load is reported with errors, in bounded time', async () => {
    const { code, stdout, tookMs } = await folder.run(['diagnose', '--json', ...short, ...service('hangs-later')])
    const { overall } = JSON.parse(stdout) as { overall: { requests: number; errors: number } }
    expect(overall.errors).toBeGreaterThan(overall.requests / 2)
    expect(code).toBe(0)
    expect(tookMs).toBeLessThan(55_000)
  })

  it('that answers 500 to everything has errors, not fast answers', async () => {
    const { code, stdout } = await folder.run(['diagnose', '--json', ...short, ...service('fails')])
    const report = JSON.parse(stdout) as {
      overall: { requests: number; errors: number; response: { count: number } }
      findings: { practice: string; severity: string }[]
    }
    expect(report.overall.requests).toBeGreaterThan(0)
    expect(report.overall.errors).toBe(report.overall.requests)
    expect(report.findings.map(finding => finding.practice)).toContain('error-rate')
    expect(code).toBe(0)
  })
})
