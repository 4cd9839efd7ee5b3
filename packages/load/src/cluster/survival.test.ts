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
/** Four processes are compiled and started side by side; on a busy machine that has taken half a minute. */
const START_MS = 180_000
const TEST_MS = 300_000
const plan = (): LoadPlan => ({
  target: { host: '127.0.0.1', port: server.port },
  routes: [{ route: 'GET /', weight: 1, requests: [{ method: 'GET', path: '/', headers: {} }] }],
  ratePerSecond: 150,
  durationMs: DURATION_MS,
  warmUpMs: 0,
  arrivals: 'uniform',
  seed: 3,
  maxConnections: 30,
  // The server shares a process with this test: a pause of it must not turn into errors.
  timeoutMs: 60_000,
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

it('a worker that is killed costs its share from then on, and nothing else', { timeout: TEST_MS }, async context => {
  if (nats.kind === 'not-available') return context.skip(`not run: ${nats.reason}`)
  const bus = { url: nats.url, run: 'one-dies' }
  const workers = [0, 1, 2].map(index => start({ kind: 'work', ...bus, name: `host-${index}`, index }))
  const result = await controlOverNats(plan(), {
    ...bus,
    workers: 3,
    joinTimeoutMs: START_MS,
    onSecond: ({ atMs }) => atMs === 1000 && workers[1]!.child.kill('SIGKILL'),
  })
  const { measure } = result
  expect(result.stopped).toBe('finished')
  const [first, second, third] = result.workers!
  const share = (150 * DURATION_MS) / 1000 / 3
  expect([first, third]).toEqual([
    { name: 'host-0', index: 0, of: 3, requests: share, ended: 'finished' },
    { name: 'host-2', index: 2, of: 3, requests: share, ended: 'finished' },
  ])
  // Two seconds of all three were told before it was killed: few answers on a busy machine, or more while another was slower.
  expect(second).toMatchObject({ name: 'host-1', ended: 'lost' })
  expect(second!.requests).toBeGreaterThan(0)
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
  // Of its third, the time after the last second it told of: two of eight were told at least.
  expect(lost!.fraction).toBeGreaterThan(0)
  expect(lost!.fraction).toBeLessThan(0.26)
  expect(generator.verdict).not.toBe('healthy')
  expect(generator.reasons[0]).toMatch(/^host-1 \(2 of 3\) was not heard of for 5 s: [\d.]+ % of the load is missing$/)
  expect(measure.offeredRatePerSecond).toBe(150)
  expect(await Promise.all([workers[0]!.ended, workers[2]!.ended])).toEqual(['0: ', '0: '])
})

it('no worker goes on when the controller is killed', { timeout: TEST_MS }, async context => {
  if (nats.kind === 'not-available') return context.skip(`not run: ${nats.reason}`)
  const bus = { url: nats.url, run: 'controller-dies' }
  server.received.clear()
  const workers = [0, 1, 2].map(index => start({ kind: 'work', ...bus, name: `host-${index}`, index }))
  const controller = start({ kind: 'control', ...bus, workers: 3, plan: { ...plan(), durationMs: 600_000 } })
  await expect.poll(() => server.received.get('/') ?? 0, { timeout: START_MS }).toBeGreaterThan(150)
  controller.child.kill('SIGKILL')
  const killedMs = performance.now()
  expect(await Promise.all(workers.map(({ ended }) => ended))).toEqual(
    workers.map(() => '3: WHET_LOAD_BUS: the controller has not answered for 2.4 s'),
  )
  // Three seconds where nothing else runs: half a second until the next beat, and the patience of the bus. They had ten minutes.
  expect(server.lastMs() - killedMs).toBeLessThan(30_000)
})
