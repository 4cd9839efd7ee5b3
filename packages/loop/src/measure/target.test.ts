import { mkdtemp, writeFile } from 'node:fs/promises'
import { networkInterfaces, tmpdir } from 'node:os'
import { join } from 'node:path'
import { isWhetstoneError } from '@whetstone/model'
import { beforeAll, describe, expect, test } from 'vitest'
import { processTree } from './process-tree.ts'
import { startTarget } from './target.ts'

const server = (extra = '') => `import http from 'node:http'
${extra}
http.createServer((q, r) => r.end('ok')).listen(0, '127.0.0.1', function () { console.log('listening on 9999') })`

const hasIpv6 = Object.values(networkInterfaces()).some(addresses =>
  addresses?.some(({ address }) => address === '::1'),
)
let folder: string
const script = async (name: string, text: string) => {
  const file = join(folder, name)
  await writeFile(file, text)
  return [process.execPath, file]
}
const failure = async (promise: Promise<unknown>) => {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  return isWhetstoneError(error)
    ? { code: error.code, exit: error.exitCode, log: error.logTail.join('\n'), hint: error.hint ?? '' }
    : error
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'whetstone-target-'))
})

describe('starting a target', () => {
  test('finds the port from the socket, whatever the log says', async () => {
    const target = await startTarget({ command: await script('plain.mjs', server()) })
    expect(target.port).not.toBe(9999)
    expect(await (await fetch(target.baseUrl)).text()).toBe('ok')
    await target.stop()
  })

  test.skipIf(!hasIpv6)('reaches a server that listens on IPv6 only', async () => {
    const target = await startTarget({ command: await script('six.mjs', server().replace('127.0.0.1', '::1')) })
    expect(target.baseUrl).toBe(`http://[::1]:${target.port}`)
    expect(await (await fetch(target.baseUrl)).text()).toBe('ok')
    await target.stop()
  })

  test('takes the port that the service had before, although that of its metrics is open first', async () => {
    const metrics = `const metrics = http.createServer((q, r) => r.end('metrics')).listen(0, '127.0.0.1')
await new Promise(resolve => metrics.once('listening', resolve))
const metricsPort = metrics.address().port`
    const command = await script('metrics.mjs', server(metrics))
    const first = await startTarget({
      command,
      layout: { port: 1, ports: [1, 2] },
      isService: async url => (await (await fetch(url)).text()) === 'ok',
    })
    expect(await (await fetch(first.baseUrl)).text()).toBe('ok')
    expect(await first.ports()).toHaveLength(2)
    await first.stop()
  })

  test('stops children that the command left behind', async () => {
    const child = `import { spawn } from 'node:child_process'
const sleeper = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' })`
    const target = await startTarget({ command: await script('family.mjs', server(child)) })
    const family = processTree(target.pid)
    expect(family.length).toBe(2)
    await target.stop()
    for (const pid of family) expect(processTree(pid)).toEqual([])
  })

  test('kills a server that ignores SIGTERM once the grace time is over', async () => {
    const target = await startTarget({ command: await script('deaf.mjs', server(`process.on('SIGTERM', () => {})`)) })
    await target.stop(50)
    expect(processTree(target.pid)).toEqual([])
  })

  test('says how a server that exits ended, with its last lines', async () => {
    const command = await script('broken.mjs', `console.error('no DATABASE_URL'); process.exit(3)`)
    expect(await failure(startTarget({ command }))).toMatchObject({
      code: 'WHET_TARGET_EXITED',
      exit: 3,
      log: expect.stringContaining('no DATABASE_URL'),
    })
  })

  test('recognises a database that is not running', async () => {
    const command = await script('nodb.mjs', `throw new Error('connect ECONNREFUSED 127.0.0.1:5432')`)
    expect(await failure(startTarget({ command }))).toMatchObject({
      hint: expect.stringContaining('database is not running'),
    })
  })

  test('tells a mistyped file of the command from a module that is not installed', async () => {
    const hintOf = (command: readonly string[]) =>
      startTarget({ command, workingDirectory: import.meta.dirname }).catch((error: { hint?: string }) => error.hint)
    expect(await hintOf([process.execPath, 'serverr.mjs'])).toBe(`There is no serverr.mjs in ${import.meta.dirname}.`)
    expect(await hintOf([process.execPath, '-e', "require('no-such-module')"])).toContain('npm ci')
  })

  test('gives up on a program that never listens, and leaves nothing running', async () => {
    const command = await script('idle.mjs', 'setInterval(() => {}, 1000)')
    expect(await failure(startTarget({ command, startTimeoutMs: 300 }))).toMatchObject({
      code: 'WHET_TARGET_NOT_LISTENING',
      exit: 3,
    })
  })

  test('names a command that does not exist', async () => {
    expect(await failure(startTarget({ command: ['no-such-program-here'] }))).toMatchObject({
      code: 'WHET_TARGET_NOT_FOUND',
      exit: 3,
    })
  })
})
