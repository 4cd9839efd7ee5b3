import http from 'node:http'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { diagnose, type DiagnoseOptions } from './diagnose.ts'
import { readIndex } from './measure/run-folder.ts'

describe('a run', () => {
  let server: http.Server
  let url: string
  let base: string
  beforeAll(async () => {
    server = http.createServer((_, response) => response.end('ok'))
    await new Promise<void>(resolve => void server.listen(0, '127.0.0.1', resolve))
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })
  afterAll(() => void server.close())
  beforeEach(async () => void (base = await mkdtemp(join(tmpdir(), 'whetstone-run-'))))
  afterEach(async () => await rm(base, { recursive: true }))

  const diagnosed = (target: string, more: Partial<DiagnoseOptions> = {}) =>
    diagnose({
      subject: { kind: 'url', url: target },
      plan: async () => ({
        routes: [{ route: 'GET /', weight: 1, requests: [{ method: 'GET', path: '/', headers: {} }] }],
        skipped: [],
      }),
      ratePerSecond: 20,
      durationMs: 60_000,
      warmUpMs: 0,
      seed: 1,
      base,
      root: base,
      name: 'hello',
      command: 'whetstone diagnose',
      tool: 'whetstone',
      now: () => new Date(),
      onProgress: () => {},
      signal: new AbortController().signal,
      ...more,
    })

  it('that was interrupted says so, and later ones are not held against it', async () => {
    const interrupt = new AbortController()
    const { report } = await diagnosed(url, {
      onProgress: ({ kind }) => kind === 'load' && interrupt.abort(new Error('interrupted')),
      signal: interrupt.signal,
    })
    const text = expect.stringMatching(/^interrupted after \d+\.\d of 60\.0 s: later runs/) as string
    expect(report.run.interruptedAfterMs).toBeLessThan(60_000)
    expect(report.warnings).toContainEqual(text)
    expect(report.events).toEqual([{ atMs: expect.any(Number) as number, kind: 'warning', text }])
    expect(await readIndex(base)).toMatchObject([{ interrupted: true }])
  })

  it('that fails before anything was measured leaves no folder', async () => {
    await expect(diagnosed(url, { plan: () => Promise.reject(new Error('no routes')) })).rejects.toThrow('no routes')
    expect(await readdir(join(base, 'runs'))).toEqual([])
  })

  it('whose service ends while its routes are tried is an error, and no measurement', async () => {
    const service = `require('node:http').createServer((request, response) => {
      if (request.url === '/bad') throw new Error('no such table')
      response.end()
    }).listen(0, '127.0.0.1')`
    const failed = diagnosed('', {
      subject: { kind: 'command', command: [process.execPath, '-e', service], workingDirectory: base },
      plan: async stand => {
        const answer = await fetch(`${stand.baseUrl}/bad`).catch((error: unknown) => error)
        expect(answer).toBeInstanceOf(Error)
        await expect.poll(() => stand.target?.ended(), { timeout: 10_000 }).toBeDefined()
        return {
          routes: [{ route: 'GET /', weight: 1, requests: [{ method: 'GET', path: '/', headers: {} }] }],
          skipped: [{ route: 'GET /bad', why: 'GET /bad was not answered: socket hang up', give: '' }],
        }
      },
    })
    await expect(failed).rejects.toMatchObject({
      code: 'WHET_TARGET_EXITED',
      exitCode: 3,
      message: expect.stringMatching(/exited with code 1 while .* GET \/bad was not answered/) as string,
      logTail: expect.arrayContaining([expect.stringContaining('no such table')]) as string[],
    })
    expect(await readdir(join(base, 'runs'))).toEqual([])
  }, 30_000)

  it('over https is refused at once, with the reason', async () => {
    await expect(diagnosed('https://127.0.0.1:1')).rejects.toMatchObject({ code: 'WHET_LOAD_HTTPS' })
  })
})
