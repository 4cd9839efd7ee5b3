import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { LoadReport } from '@whetstone/model'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startWhetstone, whetstone } from './testing/run-whetstone.ts'

/** So slow that a busy machine does not make the generator the limit. */
const answerMs = 1_000

let server: Server
let url: string
let folder: string
const seen = new Set<string>()

beforeAll(async () => {
  server = createServer((request, response) => {
    seen.add(`${request.method} ${request.url}`)
    if (request.url === '/missing') response.statusCode = 404
    setTimeout(() => response.end('{"ok":true}'), request.url === '/missing' ? 0 : answerMs)
  })
  await new Promise<void>(listening => server.listen(0, '127.0.0.1', listening))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  folder = mkdtempSync(join(tmpdir(), 'whetstone-load-'))
  writeFileSync(
    join(folder, 'service.mjs'),
    `import { createServer } from 'node:http'
    createServer((_, response) => setTimeout(() => response.end('ok'), ${answerMs})).listen(0, '127.0.0.1')`,
  )
  writeFileSync(
    join(folder, 'wasteful.mjs'),
    `setInterval(() => (globalThis.replaced = Array.from({ length: 1e5 }, (_, at) => ({ at }))), 50)
    await import('./service.mjs')`,
  )
})
afterAll(async () => {
  server.closeAllConnections()
  await new Promise(closed => server.close(closed))
  rmSync(folder, { recursive: true, force: true })
})

const short = ['--rate', '10', '--duration', '3s', '--warm-up', '0s', '--arrivals', 'uniform']
const saved = (id: string) =>
  JSON.parse(readFileSync(join(folder, '.whetstone', 'loads', id, 'load.json'), 'utf8')) as LoadReport
const newest = () =>
  readdirSync(join(folder, '.whetstone', 'loads'))
    .toSorted()
    .at(-1)!

describe('a load of a service', () => {
  it('whose limits are kept ends with 0, and says where its page is', async () => {
    const limits = ['--threshold', 'p50 < 9s', '--threshold', 'errors < 1%']
    const { code, out } = await whetstone(['load', `${url}/items?page=2`, ...short, ...limits], folder)
    expect(out).toMatch(/✓ p50 < 9s +\d\.\d\d s/)
    expect(out).toContain('offered 10 /s')
    expect(out).toContain(`Next: whetstone capacity --slo 'p50 < 9s' --arrivals uniform '${url}/items?page=2'`)
    expect(existsSync(join(folder, /Page: (\S+)/.exec(out)![1]!))).toBe(true)
    expect(code).toBe(0)
    expect(seen).toContain('GET /items?page=2')
  })

  it('that breaks one ends with 1, and asks for the causes', async () => {
    const { code, out } = await whetstone(['load', url, ...short, '--threshold', 'p50 < 100ms'], folder)
    expect(out).toMatch(/✗ p50 < 100ms +\d\.\d\d s/)
    expect(out.trimEnd().split('\n').at(-1)).toBe(`  Next: whetstone diagnose --rate 10 ${url}`)
    expect(code).toBe(1)
  })

  it('is ended early by a limit that says so', async () => {
    const words = [
      'load',
      url,
      ...short.with(3, '60s'),
      '--rate',
      '40',
      '--threshold',
      'p50 < 100ms over 2s abort',
      '--json',
    ]
    const { code, out } = await whetstone(words, folder)
    const report = JSON.parse(out) as LoadReport
    expect(report).toMatchObject({ stopped: 'threshold', verdict: 'fail' })
    expect(report.steps[0]!.durationMs).toBeLessThan(40_000)
    expect(code).toBe(1)
  })

  it('is one JSON object when it is asked for one', async () => {
    const files = ['--out', `junit=${join(folder, 'j.xml')}`, '--output', `html=${join(folder, 'page.html')}`]
    const words = ['load', url, ...short, '--route', 'GET /a 3', '--route', 'GET /b', '--json', ...files]
    const { out, err } = await whetstone(words, folder)
    const report = JSON.parse(out) as LoadReport
    expect(report.schema).toBe('whetstone/load@1')
    expect(report.steps[0]!.routes.map(({ route }) => route)).toEqual(['GET /a', 'GET /b'])
    expect(report.steps[0]!.overall.requests).toBe(30)
    expect(err).toContain('measuring')
    expect(saved(report.run.id)).toMatchObject({ schema: 'whetstone/load@1', kind: 'load', run: { id: report.run.id } })
    expect(readFileSync(join(folder, 'j.xml'), 'utf8')).toContain('<testsuite')
    expect(readFileSync(join(folder, 'page.html'), 'utf8')).toContain('<!doctype html>')
  })

  it('that is interrupted keeps what was measured, and ends with 130', async () => {
    const running = startWhetstone(['load', url, ...short.with(3, '60s')], folder)
    await running.says('measuring')
    await running.says('p50 1.')
    running.child.kill('SIGINT')
    const { code, err } = await running.ended
    expect(code).toBe(130)
    expect(err).toContain(`Interrupted. What was measured so far is kept: whetstone report ${newest()}`)
    expect(saved(newest())).toMatchObject({ verdict: 'aborted', stopped: 'aborted', exitCode: 130 })
    expect(saved(newest()).steps[0]!.completed).toBeGreaterThan(0)
  })

  it('that is interrupted in the warm-up says that nothing was measured, and shows no figures', async () => {
    const running = startWhetstone(['load', url, ...short.with(5, '60s')], folder)
    await running.says('warm-up')
    await running.says('p50 1.')
    running.child.kill('SIGINT')
    const { code, out, err } = await running.ended
    expect(code).toBe(130)
    expect(out).toBe('')
    expect(err.trimEnd().split('\n').at(-1)).toBe('  Interrupted in the warm-up, nothing was measured.')
  })

  it('of errors is told before it begins, and counted by kind', async () => {
    const { out, err } = await whetstone(['load', `${url}/missing`, ...short, '--json'], folder)
    expect(err).toContain('! GET /missing answers 404')
    expect((JSON.parse(out) as LoadReport).steps[0]!.routes[0]!.statusCounts).toEqual({ '404': 30 })
  })

  it('in the closed model is called one', async () => {
    const { out } = await whetstone(['load', url, ...short.slice(2), '--users', '3'], folder)
    expect(out).toContain('closed model: 3 users for 3 s; slow answers lower the load')
  })

  it('can be started by the command, and is ended with it', async () => {
    const words = ['load', ...short, '--route', 'GET /', '--json', '--', process.execPath, 'service.mjs']
    const { out, err } = await whetstone(words, folder)
    const report = JSON.parse(out) as LoadReport
    expect(err).toContain('listening on 127.0.0.1:')
    expect(report.target.name).toBe('service.mjs')
    await expect(fetch(report.target.url)).rejects.toThrow()
  })
})

describe('a load that cannot be begun', () => {
  it.each([
    ['no service at the address', ['http://127.0.0.1:1'], 3, 'nothing answers at 127.0.0.1:1'],
    ['another machine', ['http://shop.test:3000'], 2, '--allow-host shop.test'],
    ['more than it may send', ['http://127.0.0.1:1', '--shape', 'ramp:10..90000'], 2, '--max-rate 90000'],
    ['a limit that cannot be read', ['http://127.0.0.1:1', '--threshold', 'p59 < 3'], 2, 'p59 < 3'],
    ['an output that is none', ['http://127.0.0.1:1', '--output', 'excel=a.xls'], 2, 'there is no output excel'],
    ['no service at all', [], 2, 'whetstone load http://127.0.0.1:3000'],
    ['how to start what runs', ['http://127.0.0.1:1', '--ready', '/up'], 2, '--ready is for a service that is started'],
    ['keys for a scenario', ['http://127.0.0.1:1', '--scenario', 'a.ts', '--db', 'b'], 2, '--db cannot go with it'],
    ['flags before the kind', ['--rate', '5', 'import', 'x.har'], 2, '--rate stands before import'],
  ])('says so: %s', async (_, words, exit, hint) => {
    const { code, out, err } = await whetstone(['load', ...words], folder)
    expect(err).toContain(hint)
    expect(code).toBe(exit)
    expect(out).toBe('')
  })
})

describe('the other shapes of a load', () => {
  const words = (kind: string, ...more: readonly string[]) => ['load', kind, url, '--warm-up', '0s', '--json', ...more]

  it('stress climbs until --max-rate, and says that it followed', async () => {
    const { out } = await whetstone(words('stress', '--rate', '5', '--max-rate', '7', '--duration', '3s'), folder)
    const { kind, stress, steps } = JSON.parse(out) as LoadReport
    expect(kind).toBe('stress')
    expect(steps.map(({ purpose }) => purpose)).toEqual(['curve', 'curve'])
    expect(stress?.kneePerSecond).toBeUndefined()
    expect(stress?.peakGoodputPerSecond).toBeGreaterThan(0)
  })

  it('spike has a base, a peak and a way back', async () => {
    const { out } = await whetstone(words('spike', '--rate', '5', '--peak', '20', '--duration', '6s'), folder)
    const { kind, spike } = JSON.parse(out) as LoadReport
    expect({ kind, ...spike }).toMatchObject({ kind: 'spike', baseRatePerSecond: 5, peakRatePerSecond: 20 })
  })

  it('spike is not judged by the limits of the config, which its overload breaks on purpose', async () => {
    const own = mkdtempSync(join(folder, 'limits-'))
    writeFileSync(join(own, 'whetstone.config.mjs'), `export default { thresholds: ['p50 < 1ms over 1s abort'] }`)
    const { out, code } = await whetstone(words('spike', '--rate', '5', '--peak', '9', '--duration', '3s'), own)
    expect(JSON.parse(out)).toMatchObject({ thresholds: [], stopped: 'finished' })
    expect(code).toBe(0)
  })

  it('soak reads what the processes of a started service hold', async () => {
    const started = ['load', 'soak', '--rate', '5', '--duration', '6s', '--warm-up', '0s', '--json', '--route', 'GET /']
    const { out } = await whetstone([...started, '--', process.execPath, 'wasteful.mjs'], folder)
    const { soak, warnings } = JSON.parse(out) as LoadReport
    const metrics = soak!.trends.map(({ metric }) => metric)
    expect(metrics).toEqual(expect.arrayContaining(['p50', 'p95']))
    if (process.platform === 'linux')
      expect(metrics).toEqual(expect.arrayContaining(['resident-memory', 'open-handles', 'heap-after-collection']))
    expect(warnings.join()).toContain('shorter than half an hour')
  })

  it('cannot be combined with a shape of its own', async () => {
    const { code, err } = await whetstone(words('stress', '--shape', 'ramp:1..2'), folder)
    expect(err).toContain('--shape cannot go with it')
    expect(code).toBe(2)
  })
})

describe('the search for a capacity', () => {
  it('ends where --max-rate ends, and says that it may be more', async () => {
    const words = ['capacity', '--slo', 'p50 < 9s', '--rate', '20', '--max-rate', '20', '--duration', '2s', url]
    const { code, out } = await whetstone([...words, '--warm-up', '0s'], folder)
    expect(out).toContain('It carries at least 20 requests per second with p50 < 9s.')
    expect(out).toMatch(/20 \/s .* \d\.\d\d s .*✓ held/)
    expect(code).toBe(0)
    expect(saved(newest())).toMatchObject({ kind: 'capacity', capacity: { outcome: 'above-largest-tried' } })
  })

  it('has no use for an objective that is a rate', async () => {
    const { code, err } = await whetstone(['capacity', '--slo', 'rate >= 100/s', url], folder)
    expect(err).toContain("capacity looks for the rate itself, so 'rate >= 100/s' cannot be its objective")
    expect(code).toBe(2)
  })

  it('needs an objective', async () => {
    const { code, err } = await whetstone(['capacity', url], folder)
    expect(err).toContain("whetstone capacity … --slo 'p95 < 200ms'")
    expect(code).toBe(2)
  })
})
