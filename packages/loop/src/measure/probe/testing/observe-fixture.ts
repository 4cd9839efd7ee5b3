/** Test support: runs a small service of `fixtures` under the probe, sends it requests, and gives what was seen. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import type { ProbeLevel } from '@whetstone/model'
import type { PostgresServer } from '@whetstone/sandbox'
import type { ProbeEvidence } from '../probe-evidence.ts'
import { ProbeReceiver } from '../receiver.ts'
import type { RegisteredRoute } from '../receiver.ts'

const fixtures = fileURLToPath(new URL('../../../../../../fixtures/', import.meta.url))

export function fixturePath(file: string): string {
  return fixtures + file
}

const schema = `
  create table author (id int primary key, name text not null);
  create table book (id int primary key, author_id int not null references author, title text not null);
  insert into author select i, 'author ' || i from generate_series(1, 20) i;
  insert into book select i, 1 + i % 20, 'book ' || i from generate_series(1, 400) i;`

/** A database with 20 authors and 400 books, 20 each. */
export async function bookDatabase(server: PostgresServer): Promise<string> {
  const { default: pg } = await import('pg')
  const client = new pg.Client({ connectionString: server.url })
  await client.connect()
  await client.query(schema)
  await client.end()
  return server.url
}

export interface Fixture {
  readonly file: string
  /** Run it compiled to CommonJS with a source map beside it, as a build leaves it. TypeScript is always built, to either form. */
  readonly commonJs?: boolean
  readonly databaseUrl?: string
  /** The service listens on a second port, and that is the one to ask. */
  readonly lastPort?: boolean
  readonly level?: ProbeLevel
  readonly nodeArguments?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}
/** A path to get, or JSON to post to one. */
export type FixtureRequest = string | { readonly path: string; readonly json: unknown }
export interface Observed {
  readonly evidence: ProbeEvidence
  readonly routes: readonly RegisteredRoute[]
  readonly answers: readonly string[]
  readonly warnings: readonly string[]
}
export interface RunningFixture {
  readonly baseUrl: string
  readonly pid: number
  readonly receiver: ProbeReceiver
  ask(request: FixtureRequest): Promise<string>
  stop(): Promise<void>
}

export async function runFixture(fixture: Fixture): Promise<RunningFixture> {
  const receiver = new ProbeReceiver({ level: fixture.level ?? 'trace', random: () => 0.5 })
  const { env } = await receiver.start()
  const entry = await runnable(fixture)
  const child = spawn(process.execPath, [...(fixture.nodeArguments ?? []), entry], {
    env: {
      ...process.env,
      ...env,
      ...(fixture.databaseUrl && { DATABASE_URL: fixture.databaseUrl }),
      ...fixture.env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  child.stdout.on('data', chunk => (output += String(chunk)))
  child.stderr.on('data', chunk => (output += String(chunk)))
  const exited = once(child, 'exit')
  const stop = async (): Promise<void> => {
    child.kill('SIGKILL')
    await exited
    await receiver.close()
  }
  const port = await Promise.race([
    new Promise<number>(resolve => {
      let left = fixture.lastPort ? 2 : 1
      receiver.onListening(({ port: opened }) => --left === 0 && resolve(opened))
    }),
    exited.then(() => undefined),
  ])
  if (port === undefined) {
    await receiver.close()
    throw new Error(`${fixture.file} ended before it listened: ${output}`)
  }
  const baseUrl = `http://127.0.0.1:${port}`
  return {
    baseUrl,
    pid: child.pid!,
    receiver,
    ask: async request => await answerOf(baseUrl, request),
    stop,
  }
}

async function answerOf(baseUrl: string, request: FixtureRequest): Promise<string> {
  if (typeof request === 'string') return await (await fetch(baseUrl + request)).text()
  const { path, json } = request
  const headers = { 'content-type': 'application/json' }
  return await (await fetch(baseUrl + path, { method: 'POST', headers, body: JSON.stringify(json) })).text()
}

/** What Node can start: the file itself, or what a build makes of it. */
export async function runnable({ file, commonJs = false }: Pick<Fixture, 'file' | 'commonJs'>): Promise<string> {
  if (!commonJs && !file.endsWith('.ts')) return fixtures + file
  const outfile = join(dirname(fixtures + file), 'dist', basename(file).replace(/\.\w+$/, commonJs ? '.cjs' : '.mjs'))
  await build({
    entryPoints: [fixtures + file],
    outfile,
    bundle: true,
    packages: 'external',
    platform: 'node',
    target: 'node20',
    sourcemap: true,
    logLevel: 'silent',
    tsconfigRaw: { compilerOptions: { experimentalDecorators: true } },
    ...(commonJs ? asCommonJs : { format: 'esm' }),
  })
  return outfile
}

/** CommonJS knows where it is by other names. */
const asCommonJs = {
  format: 'cjs',
  define: { 'import.meta.filename': '__filename', 'import.meta.url': 'moduleUrl' },
  banner: { js: `const moduleUrl = require('node:url').pathToFileURL(__filename).href` },
} as const

/** Sends the requests one after another (a list in the list: at once), then collects the evidence. */
export async function observe(
  fixture: Fixture,
  requests: readonly (FixtureRequest | readonly FixtureRequest[])[],
): Promise<Observed> {
  const running = await runFixture(fixture)
  try {
    const answers: string[] = []
    for (const request of requests) {
      const together = isList(request) ? request : [request]
      answers.push(...(await Promise.all(together.map(async one => await running.ask(one)))))
    }
    await running.receiver.flush()
    const { receiver } = running
    return { evidence: receiver.evidence(), routes: receiver.routes(), warnings: receiver.warnings(), answers }
  } finally {
    await running.stop()
  }
}

function isList(request: FixtureRequest | readonly FixtureRequest[]): request is readonly FixtureRequest[] {
  return Array.isArray(request)
}

/** `path:line` of the line of a fixture that ends with this comment. */
export function lineOf(file: string, comment: string): string {
  const lines = readFileSync(fixtures + file, 'utf8').split('\n')
  const index = lines.findIndex(line => line.trimEnd().endsWith(`// ${comment}`))
  if (index < 0) throw new Error(`${file} has no line marked // ${comment}`)
  return `${fixtures}${file}:${index + 1}`
}

/** The uses of one route as `statement text @ path:line`, with the numbers of each. */
export function usesOf({ evidence }: Observed, route: string) {
  const textOf = new Map(evidence.statements.statements.map(statement => [statement.id, statement]))
  return evidence.statements.uses
    .filter(use => use.route === route)
    .map(use => ({
      ...use,
      text: textOf.get(use.statementId)?.text,
      issuedBy: textOf.get(use.statementId)?.issuedBy,
      places: (use.site ?? []).map(frame => `${frame.file}:${frame.line}`),
    }))
}
