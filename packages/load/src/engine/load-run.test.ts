/** What the engine does beyond sending fixed requests on time: closed users, flows of steps, shares of a schedule, limits that end it. */
import { createServer } from 'node:http'
import type { RequestListener, Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { LoadStep } from '@whetstone/model'
import { Histogram } from '@whetstone/stats'
import { afterEach, describe, expect, it } from 'vitest'
import type { LoadPlan } from '../plan.ts'
import { runInProcess } from '../run-in-process.ts'
import type { CompiledFlow, CompiledScenario, CompiledStep } from '../scenario/compiled.ts'
import { parseThreshold } from '../thresholds/parse.ts'

const servers: Server[] = []

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})

describe('the closed model', () => {
  it('keeps so many requests under way and no more, and says that nothing was offered', async () => {
    let underway = 0
    let most = 0
    const port = await listen((_request, response) => {
      most = Math.max(most, ++underway)
      setTimeout(() => {
        underway--
        response.end()
      }, 20)
    })
    const { measure } = await runInProcess(planOf(port, { closed: { users: 3 }, durationMs: 500 }))
    expect(most).toBe(3)
    expect(measure).toMatchObject({ arrivals: 'closed', users: 3, errors: 0 })
    expect(measure.offeredRatePerSecond).toBe(measure.achievedRatePerSecond)
    expect(measure.completed).toBe(measure.overall.response.count)
  })

  it('does not hammer a service that refuses connections', async () => {
    const port = await listen((_request, response) => response.end())
    servers[0]!.close()
    const { measure } = await runInProcess(planOf(port, { closed: { users: 2 }, durationMs: 300 }))
    expect(measure.sent).toBe(0)
    expect(measure.errors).toBeGreaterThan(0)
    // Each user waits 10 ms after a failure.
    expect(measure.errors).toBeLessThanOrEqual(62)
  })
})

describe('a flow of steps', () => {
  it('goes on with what the answer before it said, after the time it thinks', async () => {
    const seen: { url: string; atMs: number }[] = []
    const port = await listen((request, response) => {
      seen.push({ url: request.url!, atMs: performance.now() })
      response.setHeader('x-next', '/second')
      response.end('body of the first')
    })
    const heads: string[] = []
    const { measure } = await runInProcess(planOf(port, { ratePerSecond: 3, durationMs: 1000 }), {
      scenario: scenarioOf([
        step(0, '/first', 'body', answer => {
          heads.push(`${/x-next: (\S+)/i.exec(answer.head)?.[1]} ${answer.body.toString()}`)
          return true
        }),
        { kind: 'think', ms: () => 50 },
        step(1, '/second', 'none'),
      ]),
    })
    expect(seen.map(({ url }) => url)).toEqual(['/first', '/second', '/first', '/second', '/first', '/second'])
    expect(seen[1]!.atMs - seen[0]!.atMs).toBeGreaterThanOrEqual(49)
    expect(heads).toEqual(Array.from({ length: 3 }, () => '/second body of the first'))
    expect(measure.routes.map(({ requests }) => requests)).toEqual([3, 3])
  })

  it('ends where a step says so, counts checks, and files what a template cannot say under scenario', async () => {
    const port = await listen((_request, response) => response.end())
    let made = 0
    const { measure } = await runInProcess(planOf(port, { ratePerSecond: 20, durationMs: 500 }), {
      scenario: {
        ...scenarioOf([]),
        flows: [
          flow([
            {
              kind: 'request',
              route: 0,
              method: 'GET',
              capture: 'none',
              encode() {
                if (++made % 5 === 0) throw new Error('no such variable')
                return encoded('/first')
              },
              after(_user, _answer, check) {
                check(0, made % 2 === 0)
                return false
              },
            },
            step(1, '/never', 'none'),
          ]),
        ],
        checks: [{ name: 'even', route: 0 }],
      },
    })
    expect(measure.errorsByKind).toEqual({ scenario: 2 })
    expect(measure.sent).toBe(8)
    expect(measure.routes.map(({ requests }) => requests)).toEqual([10, 0])
    const [check] = measure.checks!
    expect(check).toMatchObject({ name: 'even', route: 'GET /first' })
    expect(check!.passes + check!.fails).toBe(8)
  })

  it('runs the user’s own code between requests', async () => {
    const port = await listen((_request, response) => response.end())
    let calls = 0
    const { measure } = await runInProcess(planOf(port, { ratePerSecond: 20, durationMs: 200 }), {
      scenario: scenarioOf([
        {
          kind: 'call',
          route: 0,
          run: async () => {
            if (++calls === 1) throw new Error('not today')
            await Promise.resolve()
          },
        },
        step(1, '/second', 'none'),
      ]),
    })
    expect(calls).toBe(4)
    expect(measure.errorsByKind).toEqual({ scenario: 1 })
    expect(measure.routes[1]!.requests).toBe(3)
  })
})

describe('an engine that is held up past the end', () => {
  it('still sends all that was due, late', async () => {
    const port = await listen((_request, response) => response.end())
    const holdUp = setTimeout(() => {
      const untilMs = performance.now() + 600
      while (performance.now() < untilMs);
    }, 200)
    const { measure } = await runInProcess(planOf(port, { ratePerSecond: 1000, durationMs: 500 }))
    clearTimeout(holdUp)
    expect(measure).toMatchObject({ sent: 500, completed: 500, errors: 0 })
    expect(measure.generator.verdict).toBe('invalid')
  })
})

describe('a scenario', () => {
  it('ends its run when its data is used up, and says so', async () => {
    const port = await listen((_request, response) => response.end())
    const limited = {
      ...scenarioOf([step(0, '/first', 'none')]),
      arrivalLimit: () => ({ arrivals: 5, because: 'users.csv ran out' }),
    }
    const { measure, stopped, warnings } = await runInProcess(planOf(port, { ratePerSecond: 50, durationMs: 60_000 }), {
      scenario: limited,
    })
    expect(stopped).toBe('finished')
    expect(measure).toMatchObject({ sent: 5, completed: 5 })
    expect(measure.durationMs).toBeLessThan(10_000)
    expect(warnings).toEqual(['users.csv ran out'])
  })

  it('keeps what was measured when its teardown fails, and says why', async () => {
    const port = await listen((_request, response) => response.end())
    const { measure, warnings } = await runInProcess(planOf(port, { durationMs: 100 }), {
      scenario: {
        ...scenarioOf([step(0, '/first', 'none')]),
        teardown: () => Promise.reject(new Error('no such account')),
      },
    })
    expect(measure.completed).toBe(10)
    expect(warnings).toEqual(['the teardown failed: no such account'])
  })

  it('tells what a step threw', async () => {
    const port = await listen((_request, response) => response.end())
    const { warnings } = await runInProcess(planOf(port, { ratePerSecond: 30, durationMs: 100 }), {
      scenario: scenarioOf([{ kind: 'call', route: 0, run: () => Promise.reject(new Error('no token')) }]),
    })
    expect(warnings).toEqual(['a step of the scenario failed: no token'])
  })
})

describe('segments', () => {
  it('are together the whole schedule, request by request', async () => {
    const seen: string[] = []
    const port = await listen((request, response) => {
      seen.push(request.url!)
      response.end()
    })
    const paths = Array.from({ length: 50 }, (_, index) => `/items/${index}`)
    const plan = planOf(port, { ratePerSecond: 200, durationMs: 300, arrivals: 'poisson', seed: 9 }, paths)
    await runInProcess(plan)
    const whole = seen.splice(0).sort()
    await Promise.all([0, 1, 2].map(index => runInProcess({ ...plan, segment: { index, of: 3 } })))
    expect(seen.sort()).toEqual(whole)
  })
})

describe('limits', () => {
  it('end the run as soon as one that says so is broken', async () => {
    const port = await listen((_request, response) => setTimeout(() => response.end(), 30))
    const { measure, stopped } = await runInProcess(
      planOf(port, {
        ratePerSecond: 100,
        durationMs: 30_000,
        thresholds: [parseThreshold('p50 < 5ms over 1s abort')],
      }),
    )
    expect(stopped).toBe('threshold')
    expect(measure.durationMs).toBeLessThan(10_000)
  })
})

describe('sampled requests', () => {
  it('carry a traceparent by which the slowest can be looked up', async () => {
    const parents = new Set<string>()
    const port = await listen((request, response) => {
      const parent = request.headers['traceparent']
      if (typeof parent === 'string') parents.add(parent)
      response.end()
    })
    const { measure } = await runInProcess(planOf(port, { ratePerSecond: 100, durationMs: 300, traceEvery: 10 }))
    expect(parents.size).toBe(3)
    expect([...parents].every(parent => /^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/.test(parent))).toBe(true)
    expect(measure.slowest!.map(({ traceId }) => traceId).sort()).toEqual(
      [...parents].map(parent => parent.slice(3, 35)).sort(),
    )
    expect(slowestFirst(measure)).toBe(true)
  })
})

function slowestFirst({ slowest = [], overall }: LoadStep): boolean {
  const slowestOfAll = Histogram.fromJSON(overall.response).max / 1000
  const times = slowest.map(({ responseMs }) => responseMs)
  return times.every((time, index) => time <= (times[index - 1] ?? slowestOfAll + 0.001))
}

function planOf(port: number, changes: Partial<LoadPlan>, paths: readonly string[] = ['/']): LoadPlan {
  const requests = paths.map(path => ({ method: 'GET', path, headers: {} }))
  return {
    target: { host: '127.0.0.1', port },
    routes: [{ route: 'GET /', weight: 1, requests }],
    ratePerSecond: 100,
    durationMs: 500,
    warmUpMs: 0,
    arrivals: 'uniform',
    seed: 1,
    maxConnections: 50,
    timeoutMs: 5000,
    ...changes,
  }
}

function scenarioOf(steps: readonly CompiledStep[]): CompiledScenario {
  return { name: 'test', routes: ['GET /first', 'GET /second'], checks: [], flows: [flow(steps)] }
}

function flow(steps: readonly CompiledStep[]): CompiledFlow {
  return { name: 'only', weight: 1, steps, user: () => ({ variables: {} }) }
}

function step(
  route: number,
  path: string,
  capture: 'none' | 'head' | 'body',
  after?: (answer: { head: string; body: Buffer }, check: (index: number, passed: boolean) => void) => boolean,
): CompiledStep {
  return {
    kind: 'request',
    route,
    method: 'GET',
    capture,
    encode: () => encoded(path),
    ...(after ? { after: (_user, answer, check) => after(answer, check) } : {}),
  }
}

function encoded(path: string): string {
  return `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`
}

async function listen(handler: RequestListener): Promise<number> {
  const server = createServer(handler)
  servers.push(server)
  await new Promise<void>(done => server.listen(0, '127.0.0.1', done))
  return (server.address() as AddressInfo).port
}
