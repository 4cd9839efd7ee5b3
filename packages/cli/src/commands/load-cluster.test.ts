/** `load worker` and `load k8s` as they are typed. */
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { controlOverNats } from '@whetstone/load'
import type { LoadPlan } from '@whetstone/load'
import { startNats } from '@whetstone/sandbox'
import { afterAll, expect, it, vi } from 'vitest'
import { createProgram } from '../program.ts'
import { createTerminal } from '../terminal/terminal.ts'

const folder = mkdtempSync(join(tmpdir(), 'whetstone-load-cluster-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const main = fileURLToPath(new URL('../main.ts', import.meta.url))
const fromSource = ['--conditions=@whetstone/source', '--import', 'tsx/esm']

/** Runs one command line; what it printed as progress. */
async function typed(...words: string[]): Promise<string> {
  let progress = ''
  const stderr = { isTTY: false, write: (text: string) => ((progress += text), true) } as unknown as NodeJS.WriteStream
  const terminal = createTerminal({ stdout: process.stdout, stderr, env: { LANG: 'C.UTF-8' } })
  const program = createProgram({
    terminal,
    signal: new AbortController().signal,
    words,
    setExitCode: () => undefined,
    runSaved: () => undefined,
  })
  await program.parseAsync(words, { from: 'user' })
  return progress
}

/** A plan for one request again and again, evenly. */
const planFor = (server: Server, load: Pick<LoadPlan, 'ratePerSecond' | 'durationMs'>): LoadPlan => ({
  target: { host: '127.0.0.1', port: (server.address() as AddressInfo).port },
  routes: [{ route: 'GET /', weight: 1, requests: [{ method: 'GET', path: '/', headers: {} }] }],
  warmUpMs: 0,
  arrivals: 'uniform',
  seed: 1,
  maxConnections: 9,
  timeoutMs: 5000,
  ...load,
})

it(
  'a worker does its share of a load that is controlled elsewhere, and leaves',
  { timeout: 120_000 },
  async context => {
    const nats = await startNats({ ...process.env, WHETSTONE_NATS_URL: '' })
    if (nats.kind === 'not-available') return context.skip(`not run: ${nats.reason}`)
    const server = createServer((_request, response) => response.end('fine'))
    await new Promise<void>(done => server.listen(0, '127.0.0.1', done))
    try {
      const worker = typed(
        'load',
        'worker',
        '--nats',
        nats.url,
        '--nats-run',
        'typed',
        '--name',
        'left',
        '--stay',
        '100ms',
      )
      const result = await controlOverNats(planFor(server, { ratePerSecond: 50, durationMs: 1000 }), {
        url: nats.url,
        run: 'typed',
        workers: 1,
        joinTimeoutMs: 60_000,
      })
      expect(result.measure.sent).toBe(50)
      expect(result.workers).toEqual([{ name: 'left', index: 0, of: 1, requests: 50, ended: 'finished' }])
      expect(await worker).toMatch(/^ +worker +left waits.*\n +share +1 of 1 of the load on 127.*\n +handed over\n$/)
    } finally {
      server.close()
      await nats.stop()
    }
  },
)

it(
  'a worker that has done its share does not do it again while the controller waits for one that died',
  { timeout: 120_000 },
  async context => {
    const nats = await startNats({ ...process.env, WHETSTONE_NATS_URL: '' })
    if (nats.kind === 'not-available') return context.skip(`not run: ${nats.reason}`)
    let received = 0
    const server = createServer((_request, response) => (received++, response.end('fine')))
    await new Promise<void>(done => server.listen(0, '127.0.0.1', done))
    const words = (name: string) => ['load', 'worker', '--nats', nats.url, '--nats-run', 'one-dies', '--name', name]
    const dying = spawn(process.execPath, [...fromSource, main, ...words('dying')], { stdio: 'ignore' })
    try {
      const others = ['left', 'right'].map(name => typed(...words(name), '--stay', '100ms'))
      const result = await controlOverNats(planFor(server, { ratePerSecond: 90, durationMs: 3000 }), {
        ...{ url: nats.url, run: 'one-dies', workers: 3, joinTimeoutMs: 60_000 },
        onSecond: ({ atMs }) => atMs === 1000 && dying.kill('SIGKILL'),
      })
      expect(result.workers?.map(({ ended }) => ended).sort()).toEqual(['finished', 'finished', 'lost'])
      for (const progress of await Promise.all(others)) expect(progress.match(/share|handed over/g)).toHaveLength(2)
      expect(result.measure.sent).toBeGreaterThanOrEqual(180)
      expect(received).toBeLessThanOrEqual(270)
    } finally {
      dying.kill('SIGKILL')
      server.close()
      await nats.stop()
    }
  },
)

it('a worker does not load what is elsewhere unless it may', { timeout: 120_000 }, async context => {
  const nats = await startNats({ ...process.env, WHETSTONE_NATS_URL: '' })
  if (nats.kind === 'not-available') return context.skip(`not run: ${nats.reason}`)
  try {
    const worker = typed('load', 'worker', '--nats', nats.url, '--name', 'careful')
    const result = controlOverNats(
      {
        target: { host: 'shop.example', port: 80 },
        routes: [{ route: 'GET /', weight: 1, requests: [{ method: 'GET', path: '/', headers: {} }] }],
        ratePerSecond: 50,
        durationMs: 1000,
        warmUpMs: 0,
        arrivals: 'uniform',
        seed: 1,
        maxConnections: 8,
        timeoutMs: 5000,
      },
      { url: nats.url, run: 'whetstone', workers: 1, joinTimeoutMs: 60_000 },
    )
    const [left, right] = await Promise.allSettled([worker, result])
    expect([left, right]).toMatchObject([
      { status: 'rejected', reason: { code: 'WHET_FOREIGN_HOST' } },
      {
        status: 'rejected',
        reason: { code: 'WHET_FOREIGN_HOST', message: expect.stringMatching(/^careful: /) as string },
      },
    ])
  } finally {
    await nats.stop()
  }
})

it('a worker gives up when no server or no controller comes', { timeout: 60_000 }, async () => {
  await expect(typed('load', 'worker', '--nats', 'nats://127.0.0.1:1', '--wait', '0s')).rejects.toMatchObject({
    code: 'WHET_LOAD_NATS',
  })
  await expect(typed('load', 'worker', '--nats', 'nats://127.0.0.1:1', '--nats-run', 'a.*')).rejects.toMatchObject({
    code: 'WHET_FLAG',
  })
})

it('k8s prints a manifest, or writes it', async () => {
  const file = join(folder, 'shop.scenario.ts')
  writeFileSync(file, 'export default 1\n')
  const words = ['load', 'k8s', 'http://shop:3000', '--scenario', file, '--rate', '90', '--threshold', 'p95 < 300ms']
  let out = ''
  const stdout = vi.spyOn(process.stdout, 'write').mockImplementation(text => ((out += String(text)), true))
  await typed(...words).finally(() => stdout.mockRestore())
  expect(out.match(/^kind: .*$/gm)).toEqual(
    ['ConfigMap', 'Service', 'Deployment', 'Job', 'Job'].map(kind => `kind: ${kind}`),
  )
  expect(out).toContain('- p95 < 300ms')
  const output = join(folder, 'load.yaml')
  const progress = await typed(...words, '--output', output)
  expect(readFileSync(output, 'utf8')).toBe(out)
  expect(progress).toContain(`kubectl apply -f ${output}`)
})

it('k8s has workers and controller wait for one another as long as is said', async () => {
  const output = join(folder, 'wait.yaml')
  await typed('load', 'k8s', 'http://shop:3000', '--output', output)
  expect(readFileSync(output, 'utf8').match(/- --wait\n +- \w+/g)).toHaveLength(2)
  await typed('load', 'k8s', 'http://shop:3000', '--wait', '1h', '--output', output)
  expect(readFileSync(output, 'utf8').match(/- --wait\n +- 1h$/gm)).toHaveLength(2)
})

it('k8s says what is wrong with a quantity, and what was meant', async () => {
  const refused = async (...words: string[]) => {
    const error = (await typed('load', 'k8s', 'http://shop:3000', ...words).catch((thrown: unknown) => thrown)) as Error
    const { message, hint } = error as Error & { hint: string }
    return `${message}: ${hint}`
  }
  expect([await refused('--memory', 'lots'), await refused('--memory', '512m'), await refused('--cpu', '4Gi')])
    .toMatchInlineSnapshot(`
    [
      "--memory is 'lots', which is no Kubernetes quantity: write '512Mi' or '2Gi'",
      "--memory is '512m'; it must lie between 64Mi and 16Ti: m is a thousandth of a byte; write 512Mi",
      "--cpu is '4Gi'; it must lie between 1m and 1k: write '500m' or '2'",
    ]
  `)
})

it('k8s gives each of many workers a connection', async () => {
  const output = join(folder, 'many.yaml')
  await typed('load', 'k8s', 'http://shop:3000', '--workers', '64', '--output', output)
  expect(readFileSync(output, 'utf8')).not.toContain('--connections')
  await typed('load', 'k8s', 'http://shop:3000', '--workers', '65', '--output', output)
  expect(readFileSync(output, 'utf8')).toMatch(/- --connections\n +- "65"/)
})

it.each([
  ['a name that is none', ['--name', 'Shop_1'], 'WHET_FLAG'],
  ['a time that is none', ['--duration', '5 minutes'], 'WHET_FLAG'],
  ['a limit that cannot be read', ['--threshold', 'p95 <'], 'WHET_LOAD_THRESHOLD'],
  ['a scenario that is not there', ['--scenario', join(folder, 'none.ts')], 'WHET_FILE'],
  ['memory that is no quantity', ['--memory', 'lots'], 'WHET_FLAG'],
  ['memory in thousandths of a byte', ['--memory', '512m'], 'WHET_FLAG'],
  ['memory that Node cannot start in', ['--memory', '512'], 'WHET_FLAG'],
  ['no CPU at all', ['--cpu', '0'], 'WHET_FLAG'],
  ['a part of a worker', ['--workers', '1.5'], 'WHET_FLAG'],
])('k8s refuses %s', async (_name, words, code) => {
  await expect(typed('load', 'k8s', 'http://shop:3000', ...words)).rejects.toMatchObject({ code })
})
