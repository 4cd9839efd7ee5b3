/** The load process: that it measures, and that it leaves with its parent, on a stop, and on a signal. */
import { fork } from 'node:child_process'
import { createServer } from 'node:http'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { LoadPlan } from '../plan.ts'
import { run } from './run.ts'

let server: Server
let plan: LoadPlan
let requests = 0

beforeAll(async () => {
  server = createServer((_request, response) => {
    requests++
    response.end('ok')
  })
  await new Promise<void>(done => server.listen(0, '127.0.0.1', done))
  plan = {
    target: { host: '127.0.0.1', port: (server.address() as AddressInfo).port },
    routes: [{ route: 'GET /', weight: 1, requests: [{ method: 'GET', path: '/', headers: {} }] }],
    ratePerSecond: 200,
    durationMs: 500,
    warmUpMs: 100,
    arrivals: 'poisson',
    seed: 3,
    maxConnections: 16,
    timeoutMs: 5000,
  }
})
afterAll(() => new Promise(done => server.close(done)))

it('measures in another process and hands back the whole result', async () => {
  const before = requests
  const result = await run(plan)
  expect(result.stopped).toBe('finished')
  expect(result.warmUp!.completed + result.measure.completed).toBe(requests - before)
  expect(result.measure).toMatchObject({
    purpose: 'measure',
    arrivals: 'poisson',
    errors: 0,
    completed: result.measure.sent,
  })
})

it('hands over what it has when it is stopped', async () => {
  const stop = new AbortController()
  const result = await run(
    { ...plan, warmUpMs: 0, durationMs: 60_000 },
    { signal: stop.signal, onInterval: ({ completed }) => completed > 5 && stop.abort() },
  )
  expect(result.stopped).toBe('aborted')
  expect(result.measure.completed).toBeGreaterThan(5)
})

it('hands over each second as it passes, and stops for a broken limit where one is found', async () => {
  const seconds: number[] = []
  const result = await run(
    { ...plan, warmUpMs: 0, durationMs: 60_000 },
    {
      onSecond: (second, stop) => {
        seconds.push(second.atMs)
        if (seconds.length === 2) stop()
      },
    },
  )
  expect(result.stopped).toBe('threshold')
  expect(seconds.slice(0, 2)).toEqual([0, 1000])
  expect(result.measure.intervals.length).toBeGreaterThanOrEqual(2)
})

it('shares the load among threads', async () => {
  const result = await run({ ...plan, arrivals: 'uniform' }, { threads: 2 })
  expect(result.measure).toMatchObject({ sent: 100, completed: 100, errors: 0 })
  expect(result.workers?.map(({ requests }) => requests)).toEqual([50, 50])
})

it('is interrupted when the signal was given before anything was measured', async () => {
  const running = run({ ...plan, durationMs: 60_000 }, { signal: AbortSignal.abort() })
  await expect(running).rejects.toMatchObject({ code: 'WHET_LOAD_STOPPED', exitCode: 130 })
})

it('refuses a bad plan without starting anything', async () => {
  await expect(run({ ...plan, ratePerSecond: -1 })).rejects.toMatchObject({ code: 'WHET_LOAD_PLAN' })
})

it('refuses a request that cannot be written, by name', async () => {
  const routes = [{ route: 'GET /a b', weight: 1, requests: [{ method: 'GET', path: '/a b', headers: {} }] }]
  await expect(run({ ...plan, routes })).rejects.toMatchObject({
    code: 'WHET_LOAD_REQUEST',
    message: expect.stringContaining('"/a b"') as string,
  })
})

it.each(['disconnect', 'SIGINT'] as const)('leaves on %s', async how => {
  const entry = fileURLToPath(new URL('./child.ts', import.meta.url))
  const child = fork(entry, [], {
    execArgv: ['--conditions=@whetstone/source', '--import', 'tsx/esm'],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    serialization: 'advanced',
  })
  const messages: { readonly kind: string }[] = []
  child.on('message', message => messages.push(message as { kind: string }))
  child.send({ kind: 'run', plan: { ...plan, durationMs: 60_000 } })
  await new Promise(done => child.once('message', done))
  const left = new Promise(done => child.once('exit', done))
  if (how === 'disconnect') child.disconnect()
  else child.kill(how)
  await left
  // Ctrl-C keeps what was measured so far; without a parent there is nobody to give it to.
  expect(messages.some(({ kind }) => kind === 'result')).toBe(how === 'SIGINT')
})
