/** A distributed run, the same over every bus: one schedule, one start, one result. */
import { getEventListeners } from 'node:events'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { startNats } from '@whetstone/sandbox'
import type { NatsServer, NotAvailable } from '@whetstone/sandbox'
import { exitCodes, WhetstoneError } from '@whetstone/model'
import type { LoadInterval } from '@whetstone/model'
import type { LoadResult } from '../engine/live.ts'
import type { LoadPlan } from '../plan.ts'
import { scenarioOf } from '../run-in-process.ts'
import type { RunOptions } from '../run-in-process.ts'
import type { Bus } from './bus.ts'
import { control } from './controller.ts'
import { inProcessBus } from './testing/in-process.ts'
import { Member } from './member.ts'
import { READY, START } from './messages.ts'
import type { WorkerMessage } from './messages.ts'
import { controlOverNats, workOverNats } from './over-nats.ts'
import { runOnThreads } from './over-threads.ts'
import { countingServer } from './testing/counting-server.ts'
import type { CountingServer } from './testing/counting-server.ts'
import { work } from './worker.ts'

let nats: NatsServer | NotAvailable
let server: CountingServer
let runs = 0
beforeAll(async () => {
  nats = await startNats({ ...process.env, WHETSTONE_NATS_URL: '' })
}, 400_000)
afterAll(async () => {
  if (nats.kind === 'nats') await nats.stop()
})
beforeEach(async () => {
  server = await countingServer()
})
afterEach(() => server.close())

const plan = (change: Partial<LoadPlan> = {}): LoadPlan => ({
  target: { host: '127.0.0.1', port: server.port },
  routes: ['/a', '/b'].map(path => ({
    route: `GET ${path}`,
    weight: 1,
    requests: [{ method: 'GET', path, headers: {} }],
  })),
  ratePerSecond: 100,
  durationMs: 2000,
  warmUpMs: 300,
  arrivals: 'uniform',
  seed: 7,
  maxConnections: 30,
  timeoutMs: 5000,
  pacing: 'timer',
  ...change,
})

type Runner = (plan: LoadPlan, workers: number, options?: RunOptions) => Promise<LoadResult>

const runners: Readonly<Record<string, Runner>> = {
  async 'in-process'(given, workers, options = {}) {
    const bus = await inProcessBus()
    const members = Array.from({ length: workers }, (_, index) =>
      work(bus.join(`member ${index + 1}`), { joinTimeoutMs: 10_000, index }),
    )
    const scenario = given.scenario === undefined ? {} : { scenario: await scenarioOf(given) }
    const result = control(given, bus.controller, { ...options, ...scenario, workers, joinTimeoutMs: 10_000 })
    await Promise.allSettled([...members, result])
    return await result
  },
  threads: runOnThreads,
  async nats(given, workers, options = {}) {
    const bus = { url: (nats as NatsServer).url, run: `distributed-${++runs}` }
    // The workers come first and wait.
    const members = Array.from({ length: workers }, (_, index) =>
      workOverNats({ ...bus, name: `worker-${index + 1}`, index, joinTimeoutMs: 10_000 }),
    )
    const result = controlOverNats(given, { ...bus, ...options, workers, joinTimeoutMs: 10_000 })
    await Promise.allSettled([...members, result])
    return await result
  },
}

describe.each(Object.keys(runners))('a run over %s', kind => {
  const run = runners[kind]!
  const given = (name: string, test: () => Promise<void>) =>
    it(name, { timeout: 60_000 }, async context => {
      if (kind === 'nats' && nats.kind === 'not-available') return context.skip(`not run: ${nats.reason}`)
      await test()
    })

  given('sends the schedule of one worker from three, once', async () => {
    const seconds: LoadInterval[] = []
    const single = await run(plan(), 1)
    server.received.clear()
    const { warmUp, measure, stopped, workers } = await run(plan(), 3, { onSecond: second => seconds.push(second) })
    expect({ stopped, warmUp: warmUp?.sent, sent: measure.sent, completed: measure.completed }).toEqual({
      stopped: 'finished',
      warmUp: 30,
      sent: 200,
      completed: 200,
    })
    expect(workers?.map(({ index, of, requests, ended }) => ({ index, of, requests, ended }))).toEqual([
      { index: 0, of: 3, requests: 67, ended: 'finished' },
      { index: 1, of: 3, requests: 67, ended: 'finished' },
      { index: 2, of: 3, requests: 66, ended: 'finished' },
    ])
    // The same mix by the same seed, whoever sends it.
    const byRoute = (result: LoadResult['measure']) =>
      Object.fromEntries(result.routes.map(({ route, requests }) => [route, requests]))
    expect(byRoute(measure)).toEqual(byRoute(single.measure))
    expect([...server.received.values()].reduce((sum, count) => sum + count, 0)).toBe(230)
    expect(measure.offeredRatePerSecond).toBe(100)
    expect(measure.lost).toBeUndefined()
    // Each second is told once, of all workers, and the seconds add up to the whole.
    expect(seconds.map(({ atMs }) => atMs)).toEqual([0, 1000])
    expect(seconds.reduce((sum, { requests }) => sum + requests, 0)).toBe(200)
    expect(measure.intervals.map(({ requests }) => requests)).toEqual(seconds.map(({ requests }) => requests))
  })

  given('stops everywhere when it is told to', async () => {
    const stop = new AbortController()
    const result = await run(plan({ durationMs: 60_000 }), 2, {
      signal: stop.signal,
      onInterval: ({ completed, purpose }) => purpose === 'measure' && completed > 20 && stop.abort(),
    })
    expect(result.stopped).toBe('aborted')
    expect(result.measure.completed).toBeGreaterThan(20)
    expect(result.workers?.map(({ ended }) => ended)).toEqual(['finished', 'finished'])
  })

  given('stops everywhere when a limit is broken', async () => {
    const result = await run(plan({ durationMs: 60_000, warmUpMs: 0 }), 2, { onSecond: (_second, stop) => stop() })
    expect(result.stopped).toBe('threshold')
    expect(result.measure.durationMs).toBeLessThan(30_000)
  })

  given("fails with a worker's own reason, by its name", async () => {
    const routes = [{ route: 'GET /a b', weight: 1, requests: [{ method: 'GET', path: '/a b', headers: {} }] }]
    await expect(run(plan({ routes }), 2)).rejects.toMatchObject({
      code: 'WHET_LOAD_REQUEST',
      message: expect.stringMatching(/^(member|thread|worker)[ -][12]: a request of GET \/a b/) as string,
    })
  })

  given('calls setup and teardown once, and no two workers draw the same row', async () => {
    const file = fileURLToPath(new URL('./testing/shared.scenario.ts', import.meta.url))
    const { measure } = await run(
      plan({ scenario: { file }, routes: [], ratePerSecond: 50, durationMs: 2000, warmUpMs: 0 }),
      3,
    )
    expect(measure).toMatchObject({ sent: 100, errors: 0 })
    expect([...server.received.keys()].filter(path => !path.startsWith('/items/'))).toEqual([
      '/setup',
      '/teardown/t200',
    ])
    const items = [...server.received.keys()].filter(path => path.startsWith('/items/'))
    expect(items.length).toBe(100)
    expect(new Set(server.received.values())).toEqual(new Set([1]))
    expect(items.every(path => path.endsWith('?token=t200'))).toBe(true)
  })

  given('divides the users of a closed model', async () => {
    const { measure } = await run(plan({ closed: { users: 5 }, durationMs: 1000, warmUpMs: 0 }), 2)
    expect(measure.users).toBe(5)
    expect(measure.completed).toBeGreaterThan(5)
  })
})

it('says how many workers came when it was too few', async () => {
  const bus = await inProcessBus()
  const member = work(bus.join('alone'), { joinTimeoutMs: 5000 })
  const error = { code: 'WHET_LOAD_WORKERS', message: '1 of 2 workers had come after 0.5 s' }
  await expect(control(plan(), bus.controller, { workers: 2, joinTimeoutMs: 500 })).rejects.toMatchObject(error)
  await expect(member).rejects.toMatchObject(error)
})

it('fails when a worker will not do what it is asked', async () => {
  const bus = await inProcessBus()
  const onShare = ({ plan: given }: { readonly plan: LoadPlan }) => {
    throw new WhetstoneError('WHET_FOREIGN_HOST', `not ${given.target.host}`)
  }
  const member = work(bus.join('careful'), { joinTimeoutMs: 5000, onShare })
  const result = control(plan(), bus.controller, { workers: 1, joinTimeoutMs: 5000 })
  await Promise.allSettled([member, result])
  await expect(member).rejects.toMatchObject({ code: 'WHET_FOREIGN_HOST' })
  await expect(result).rejects.toMatchObject({ code: 'WHET_FOREIGN_HOST', message: 'careful: not 127.0.0.1' })
  expect(server.received.size).toBe(0)
})

it('sends away who comes when there are workers enough', async () => {
  const bus = await inProcessBus()
  const members = ['a', 'b'].map(name => work(bus.join(name), { joinTimeoutMs: 5000 }))
  const { workers } = await control(plan({ durationMs: 300, warmUpMs: 0 }), bus.controller, {
    workers: 1,
    joinTimeoutMs: 5000,
  })
  expect(workers?.length).toBe(1)
  expect((await Promise.all(members)).sort()).toEqual(['finished', 'surplus'])
})

it('refuses a second worker of the same name, and the run is that of the first', async () => {
  const bus = await inProcessBus()
  const given = plan({ durationMs: 600, warmUpMs: 0 })
  const result = control(given, bus.controller, { workers: 1, joinTimeoutMs: 5000 })
  const members = [1, 2].map(() => work(bus.join('twin'), { joinTimeoutMs: 5000 }))
  expect(await Promise.allSettled(members)).toMatchObject([
    { status: 'fulfilled', value: 'finished' },
    { status: 'rejected', reason: { code: 'WHET_LOAD_NAME' } },
  ])
  expect((await result).measure.sent).toBe(60)
  expect([...server.received.values()].reduce((sum, count) => sum + count, 0)).toBe(60)
})

it('goes on without a worker whose share fails once the load has begun', async () => {
  const bus = await inProcessBus()
  const given = plan({ durationMs: 1500, warmUpMs: 0 })
  const result = control(given, bus.controller, { workers: 2, joinTimeoutMs: 5000 })
  const failing = bus.join('failing')
  const failed = failing
    .publish({ kind: 'join' } satisfies WorkerMessage)
    .then(() => failing.barrier(READY, 3, 5000))
    .then(() => failing.once(START, () => Promise.reject(new Error('only the controller'))))
    .then(async () => {
      const failure = { code: 'WHET_DATA', message: 'no rows are left', exitCode: exitCodes.usage } as const
      await failing.publish({ kind: 'failed', failure } satisfies WorkerMessage)
      // Sent before it failed, heard after.
      await failing.publish({ kind: 'beat' } satisfies WorkerMessage)
    })
  await Promise.all([failed, work(bus.join('sound'), { joinTimeoutMs: 5000 })])
  const { measure, workers } = await result
  expect(workers?.map(({ name, ended }) => `${name} ${ended}`)).toEqual(['failing lost', 'sound finished'])
  expect(measure).toMatchObject({ sent: 75, lost: { workers: 1, ofWorkers: 2 } })
  expect(measure.generator.verdict).not.toBe('healthy')
  expect(measure.generator.reasons[0]).toBe('failing (1 of 2) failed: no rows are left: 50 % of the load is missing')
})

it('a worker that is interrupted while others are waited for leaves, and the run with it', async () => {
  const bus = await inProcessBus()
  const stop = new AbortController()
  const result = control(plan(), bus.controller, { workers: 2, joinTimeoutMs: 30_000 })
  // Once it has its share it waits for what setup returned.
  const member = work(bus.join('early'), { joinTimeoutMs: 5000, signal: stop.signal, onShare: () => stop.abort() })
  await Promise.allSettled([member, result])
  await expect(member).rejects.toMatchObject({ code: 'WHET_LOAD_STOPPED' })
  await expect(result).rejects.toMatchObject({
    code: 'WHET_LOAD_STOPPED',
    message: expect.stringMatching(/^early: /) as string,
  })
})

it('a worker leaves no listener behind, however its wait ends', async () => {
  const listeners = new Set<unknown>()
  const bus = (ask: (message: unknown) => Promise<number>): Bus => ({
    name: 'a',
    publish: ask,
    once: () => Promise.resolve({ kind: 'surplus' } as never),
    barrier: () => Promise.resolve(),
    onControl: listener => (listeners.add(listener), () => listeners.delete(listener)),
    close: () => Promise.resolve(),
  })
  const stop = new AbortController()
  expect(
    await work(
      bus(() => Promise.resolve(0)),
      { joinTimeoutMs: 5000, signal: stop.signal },
    ),
  ).toBe('surplus')
  const unheard = work(
    bus(() => new Promise(() => undefined)),
    { joinTimeoutMs: 5000, signal: stop.signal },
  )
  expect(getEventListeners(stop.signal, 'abort').length).toBe(1)
  stop.abort()
  await expect(unheard).rejects.toMatchObject({ code: 'WHET_LOAD_STOPPED' })
  expect([listeners.size, getEventListeners(stop.signal, 'abort').length]).toEqual([0, 0])
})

it('says so when no controller comes', async () => {
  const lonely = new Member({
    name: 'lonely',
    link: {
      ask: () => Promise.reject(new Error('nobody')),
      onBroadcast: () => undefined,
      close: () => Promise.resolve(),
    },
    patienceMs: 50,
    now: () => performance.now(),
  })
  await expect(work(lonely, { joinTimeoutMs: 200 })).rejects.toMatchObject({ code: 'WHET_LOAD_NO_CONTROLLER' })
})
