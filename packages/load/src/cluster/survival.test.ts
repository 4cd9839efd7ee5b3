/** What is left when a process of a run is killed: everything but its last second, and nobody who goes on. */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { startNats } from '@whetstone/sandbox'
import type { NatsServer, NotAvailable } from '@whetstone/sandbox'
import type { LoadPlan } from '../plan.ts'
import { controlOverNats } from './over-nats.ts'
import { countingServer } from './testing/counting-server.ts'
import type { CountingServer } from './testing/counting-server.ts'

const entry = fileURLToPath(new URL('./testing/nats-member.ts', import.meta.url))
const processes: ChildProcess[] = []
let nats: NatsServer | NotAvailable
let server: CountingServer
beforeAll(async () => {
  nats = await startNats({ ...process.env, WHETSTONE_NATS_URL: '' })
  server = await countingServer()
}, 400_000)
afterEach(() => {
  for (const child of processes.splice(0)) child.kill('SIGKILL')
})
afterAll(async () => {
  server.close()
  if (nats.kind === 'nats') await nats.stop()
})

const DURATION_MS = 8000
const plan = (): LoadPlan => ({
  target: { host: '127.0.0.1', port: server.port },
  routes: [{ route: 'GET /', weight: 1, requests: [{ method: 'GET', path: '/', headers: {} }] }],
  ratePerSecond: 150,
  durationMs: DURATION_MS,
  warmUpMs: 0,
  arrivals: 'uniform',
  seed: 3,
  maxConnections: 30,
  timeoutMs: 5000,
})

interface Member {
  readonly child: ChildProcess
  readonly ended: Promise<string>
}

function start(task: Readonly<Record<string, unknown>>): Member {
  const child = spawn(
    process.execPath,
    ['--conditions=@whetstone/source', '--import', 'tsx/esm', entry, JSON.stringify(task)],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  )
  processes.push(child)
  let stderr = ''
  child.stderr!.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  return { child, ended: once(child, 'close').then(([code]) => `${code}: ${stderr.trim()}`) }
}

it('a worker that is killed costs its share from then on, and nothing else', { timeout: 120_000 }, async context => {
  if (nats.kind === 'not-available') return context.skip(`not run: ${nats.reason}`)
  const bus = { url: nats.url, run: 'one-dies' }
  const workers = [0, 1, 2].map(index => start({ kind: 'work', ...bus, name: `host-${index}`, index }))
  const result = await controlOverNats(plan(), {
    ...bus,
    workers: 3,
    joinTimeoutMs: 60_000,
    onSecond: ({ atMs }) => atMs === 2000 && workers[1]!.child.kill('SIGKILL'),
  })
  const { measure } = result
  expect(result.stopped).toBe('finished')
  const [first, second, third] = result.workers!
  const share = (150 * DURATION_MS) / 1000 / 3
  expect([first, third]).toEqual([
    { name: 'host-0', index: 0, of: 3, requests: share, ended: 'finished' },
    { name: 'host-2', index: 2, of: 3, requests: share, ended: 'finished' },
  ])
  // Three seconds were told before it was killed, and so were handed over.
  expect(second).toMatchObject({ name: 'host-1', ended: 'lost' })
  expect(second!.requests).toBeGreaterThan(100)
  expect(second!.requests).toBeLessThan(share)
  // Every figure holds the same samples: those of the survivors and those that were handed over.
  const all = 2 * share + second!.requests
  expect({
    overall: measure.overall.requests,
    response: measure.overall.response.count,
    service: measure.overall.service.count,
    routes: measure.routes[0]!.requests,
    intervals: measure.intervals.reduce((sum, { requests }) => sum + requests, 0),
    inIntervals: measure.intervals.reduce((sum, { response }) => sum + response.count, 0),
  }).toEqual({ overall: all, response: all, service: all, routes: all, intervals: all, inIntervals: all })
  const { lost, generator } = measure
  expect(lost).toMatchObject({ workers: 1, ofWorkers: 3 })
  expect(lost!.fraction).toBeGreaterThan(0.1)
  expect(lost!.fraction).toBeLessThan(1 / 3)
  expect(generator.verdict).not.toBe('healthy')
  expect(generator.reasons[0]).toMatch(
    /^host-1 \(2 of 3\) was not heard of for 5 s: \d+(\.\d)? % of the load is missing$/,
  )
  expect(measure.offeredRatePerSecond).toBe(150)
  expect(await Promise.all([workers[0]!.ended, workers[2]!.ended])).toEqual(['0: ', '0: '])
})

it('no worker goes on when the controller is killed', { timeout: 120_000 }, async context => {
  if (nats.kind === 'not-available') return context.skip(`not run: ${nats.reason}`)
  const bus = { url: nats.url, run: 'controller-dies' }
  server.received.clear()
  const workers = [0, 1, 2].map(index => start({ kind: 'work', ...bus, name: `host-${index}`, index }))
  const controller = start({ kind: 'control', ...bus, workers: 3, plan: { ...plan(), durationMs: 600_000 } })
  await expect.poll(() => server.received.get('/') ?? 0, { timeout: 90_000 }).toBeGreaterThan(150)
  controller.child.kill('SIGKILL')
  const killedMs = performance.now()
  expect(await Promise.all(workers.map(({ ended }) => ended))).toEqual(
    workers.map(() => '3: WHET_LOAD_BUS: the controller has not answered for 2.4 s'),
  )
  // The bar: nothing is sent any more five seconds after.
  expect(server.lastMs() - killedMs).toBeLessThan(5000)
})
