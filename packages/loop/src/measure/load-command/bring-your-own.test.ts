/** Load tools that people have, against a real service under the probe. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findTool } from '@whetstone/sandbox'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { measureWindow, type Window } from '../measure.ts'
import { quantileMs } from '../quantiles.ts'
import { openStand } from '../stand.ts'

/** Answers after 5 ms; `/broken` with 503. */
const service = `
import { createServer } from 'node:http'
createServer((request, response) => setTimeout(() => {
  response.statusCode = request.url === '/broken' ? 503 : 200
  response.end('{"ok":true}')
}, 5)).listen(0, '127.0.0.1')
`

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'whetstone-own-load-'))
  await writeFile(join(folder, 'server.mjs'), service)
})
afterAll(() => rm(folder, { recursive: true }))

async function driven(loadCommand: string): Promise<Window> {
  const signal = new AbortController().signal
  const subject = { kind: 'command' as const, command: ['node', 'server.mjs'], workingDirectory: folder }
  const stand = await openStand({ subject, onProgress: () => {}, signal })
  try {
    return await measureWindow(stand, {
      workload: { routes: [], skipped: [] },
      ratePerSecond: 1,
      // Bounds the tool, and with it how long the processor is watched.
      durationMs: 2_500,
      warmUpMs: 3_000,
      seed: 1,
      loadCommand,
      root: folder,
      onProgress: () => {},
      signal,
    })
  } finally {
    await stand.close()
  }
}

const withLibraries = (env: Readonly<Record<string, string>>) =>
  Object.entries(env).length === 0
    ? ''
    : `env ${Object.entries(env)
        .map(([name, value]) => `${name}=${value}`)
        .join(' ')} `

describe('a load of your own', () => {
  it.for([
    ['ab', '-k -n 300 -c 4 $URL/orders/7', 4],
    ['wrk', '-t 1 -d 1s -c 3 --latency $URL/orders/7', 3],
  ] as const)('by %s is measured inside the service', async ([name, args, users], context) => {
    const tool = await findTool(name)
    if (tool.kind === 'not-available') return context.skip(`not run: ${tool.reason}`)
    const { evidence, conditions, warnings, workload } = await driven(`${withLibraries(tool.env)}${tool.path} ${args}`)
    const [step, ...others] = evidence['load-curve']!.steps
    expect(others).toEqual([])
    expect(step).toMatchObject({
      purpose: 'measure',
      arrivals: 'closed',
      users,
      errors: 0,
      generator: { verdict: 'degraded', reasons: [expect.stringContaining(`${name} hides late starts`) as string] },
      routes: [{ route: 'GET /orders/:id' }],
    })
    // What the tool counted, and what the service saw of it.
    expect(Math.abs(step!.sent - step!.completed)).toBeLessThanOrEqual(users)
    expect(evidence.traces?.routes[0]?.requests).toBe(step!.completed)
    expect(quantileMs(step!.overall.response, 0.5)).toBeGreaterThan(4.5)
    expect(conditions).toMatchObject({ warmUpMs: 0, generatorVerdict: 'degraded', requests: step!.completed })
    expect(warnings).toContainEqual(expect.stringMatching(new RegExp(`^${name} itself printed p50`)))
    expect(workload.routes).toMatchObject([{ route: 'GET /orders/:id', requests: [{ path: '/orders/7' }] }])
    expect(evidence['http-probe']?.probes.length).toBeGreaterThan(0)
  })

  it('by a tool that writes every request has their times and errors', async () => {
    // Stands in for k6: the same lines, of requests that it really makes.
    await writeFile(
      join(folder, 'tool.mjs'),
      `import { createWriteStream } from 'node:fs'
const out = createWriteStream(process.env.OUT)
for (let n = 0; n < 60; n++) {
  const url = process.env.URL + (n % 10 === 0 ? '/broken' : '/orders/' + n)
  const began = performance.now()
  const { status } = await fetch(url).then(async answer => (await answer.text(), answer))
  const data = { time: new Date().toISOString(), value: performance.now() - began, tags: { method: 'GET', url, status: String(status) } }
  out.write(JSON.stringify({ type: 'Point', metric: 'http_req_duration', data }) + '\\n')
}
out.end()`,
    )
    const { evidence, warnings } = await driven('node tool.mjs $URL')
    const [step] = evidence['load-curve']!.steps
    expect(step).toMatchObject({ sent: 60, completed: 60, errors: 6, errorsByKind: { 'http-503': 6 } })
    expect(step!.routes.map(({ route, requests, statusCounts }) => [route, requests, statusCounts])).toEqual([
      ['GET /broken', 6, { 503: 6 }],
      ['GET /orders/:id', 54, { 200: 54 }],
    ])
    expect(step!.intervals.reduce((sum, { requests }) => sum + requests, 0)).toBe(60)
    expect(warnings.join()).not.toContain('latencies are those of the service itself')
  })

  it('by a tool that says nothing of its requests needs a look inside', async () => {
    const { evidence } = await driven(
      'node -e "for (let n = 0; n < 5; n++) await (await fetch(process.env.URL)).text()" --input-type=module $URL',
    )
    expect(evidence['load-curve']!.steps[0]).toMatchObject({ sent: 5, generator: { verdict: 'degraded' } })
    await expect(driven('true $URL')).rejects.toMatchObject({
      code: 'WHET_LOAD_UNSEEN',
      message: expect.stringMatching(
        /^the load command ended with code 0 after .* s: its output is not understood/,
      ) as string,
    })
  })
})
