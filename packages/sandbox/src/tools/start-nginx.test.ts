import { existsSync, statSync } from 'node:fs'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { expect, it, vi } from 'vitest'
import { startNginx } from './start-nginx.ts'

const saying = (text: string) => ({
  http: (port: number) => `server { listen 127.0.0.1:${port}; location / { return 200 "${text}"; } }`,
})

it('two servers answer by their own configurations until they are stopped', { timeout: 400_000 }, async context => {
  const both = await Promise.all([startNginx(saying('one')), startNginx(saying('two'))])
  const servers = both.flatMap(server => (server.kind === 'nginx' ? [server] : []))
  const missing = both.find(server => server.kind === 'not-available')
  if (missing) return context.skip(`not run: ${missing.reason}`)
  expect(await Promise.all(servers.map(async ({ url }) => await (await fetch(url)).text()))).toEqual(['one', 'two'])
  for (const { url, folder, stop } of servers) {
    if (process.getuid?.() === 0) expect(statSync(`${folder}/nginx.pid`).uid).not.toBe(0)
    await stop()
    expect(existsSync(folder)).toBe(false)
    await expect(fetch(url)).rejects.toThrow('fetch failed')
  }
})

it('keeps what a configuration caches in its own folder', { timeout: 400_000 }, async context => {
  const server = await startNginx({
    http: (port, folder) => `
      proxy_cache_path ${folder}/cache keys_zone=answers:1m;
      server { listen 127.0.0.1:${port}; location / { proxy_cache answers; proxy_cache_valid 200 1m; proxy_pass http://unix:${folder}/origin.sock; add_header X-Cache $upstream_cache_status; } }
      server { listen unix:${folder}/origin.sock; location / { return 200 "from the origin"; } }`,
  })
  if (server.kind === 'not-available') return context.skip(`not run: ${server.reason}`)
  const ask = async () => {
    const response = await fetch(`${server.url}/page`)
    return [response.headers.get('x-cache'), await response.text()]
  }
  expect([await ask(), await ask()]).toEqual([
    ['MISS', 'from the origin'],
    ['HIT', 'from the origin'],
  ])
  await server.stop()
})

it('says what nginx says of a configuration it cannot read', { timeout: 400_000 }, async context => {
  const started = startNginx({ http: () => 'serve no_such_word;' })
  const outcome = await started.catch((error: unknown) => error)
  if ((outcome as { kind?: string }).kind === 'not-available') return context.skip('not run: needs nginx')
  expect(outcome).toMatchObject({ code: 'WHET_SANDBOX_NGINX' })
  expect((outcome as Error).message).toContain('unknown directive "serve"')
})

it('leaves nothing behind when its parent is killed', { timeout: 400_000 }, async context => {
  const module = fileURLToPath(new URL('./start-nginx.ts', import.meta.url))
  const script = `import { startNginx } from ${JSON.stringify(module)}
    console.log(JSON.stringify(await startNginx({ http: port => 'server { listen 127.0.0.1:' + port + '; return 200; }' })))
    setInterval(() => {}, 1000)`
  const parent = spawn(
    process.execPath,
    ['--conditions=@whetstone/source', '--import', 'tsx', '--input-type=module', '--eval', script],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  const [line] = (await once(parent.stdout.setEncoding('utf8'), 'data')) as [string]
  const server = JSON.parse(line) as { kind: string; url: string; folder: string; reason: string }
  if (server.kind !== 'nginx') {
    parent.kill('SIGKILL')
    return context.skip(`not run: ${server.reason}`)
  }
  expect((await fetch(server.url)).status).toBe(200)
  parent.kill('SIGKILL')
  await vi.waitUntil(() => !existsSync(server.folder), { timeout: 20_000, interval: 20 })
  await expect(fetch(server.url)).rejects.toThrow('fetch failed')
})
