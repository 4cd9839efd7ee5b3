/** A published application in a cache folder of its own, installed once at an exact version, and diagnosed as a person would do it. */
import { execFile, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { RankedFinding, RunReport } from '@whetstone/model'

const root = fileURLToPath(new URL('..', import.meta.url))
const main = join(root, 'packages/cli/src/main.ts')
const loader = import.meta.resolve('tsx')
const installTimeoutMs = 600_000

export type Installed = { readonly folder: string } | { readonly notRun: string }

/** `notRun` where the registry could not be reached; anything else that fails is a failure. */
export async function installApp(name: string, version: string): Promise<Installed> {
  const cache = process.env['WHETSTONE_CACHE'] ?? join(root, 'node_modules/.cache')
  const folder = join(cache, 'test-real', `${name}@${version}`)
  await mkdir(folder, { recursive: true })
  await rm(join(folder, '.whetstone'), { recursive: true, force: true })
  // Written last: an install that was interrupted is begun again.
  const done = join(folder, 'installed')
  if (existsSync(done)) return { folder }
  await writeFile(join(folder, 'package.json'), `{"name":"app","private":true}\n`)
  const words = ['install', '--save-exact', '--ignore-scripts', '--no-audit', '--no-fund', `${name}@${version}`]
  try {
    await promisify(execFile)('npm', words, { cwd: folder, timeout: installTimeoutMs })
  } catch (error) {
    const { stderr = '', killed } = error as { stderr?: string; killed?: boolean }
    const unreachable = /ENOTFOUND|ECONNREFUSED|ECONNRESET|ETIMEDOUT|EAI_AGAIN|network|E40[34]|E5\d\d/.exec(stderr)?.[0]
    if (killed === true || unreachable !== undefined)
      return { notRun: `${name}@${version} could not be fetched: ${unreachable ?? 'no end within 10 minutes'}` }
    throw error
  }
  await writeFile(done, '')
  return { folder }
}

export interface Diagnosis {
  readonly exitCode: number | null
  readonly report: RunReport
  readonly stderr: string
}

/** `whetstone diagnose --json` in the folder, as a process. */
export async function diagnoseApp(folder: string, words: readonly string[]): Promise<Diagnosis> {
  const { NODE_ENV: _mode, DATABASE_URL: _database, NODE_OPTIONS: _options, ...env } = process.env
  const child = spawn(
    process.execPath,
    ['--conditions=@whetstone/source', '--import', loader, main, 'diagnose', '--json', '--duration', '10s', ...words],
    { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] },
  )
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  const exitCode = await new Promise<number | null>(resolve => child.once('close', resolve))
  if (!stdout.startsWith('{')) throw new Error(`no report:\n${stdout}${stderr}`)
  return { exitCode, report: JSON.parse(stdout) as RunReport, stderr }
}

export const foundBy = (report: RunReport, practice: string): readonly RankedFinding[] =>
  report.findings.filter(finding => finding.practice === practice)

/** A port below those the system hands out, free a moment ago. */
export async function freePort(): Promise<number> {
  for (let port = 21_000 + (process.pid % 1_000) * 5; port < 32_000; port++) {
    const isFree = await new Promise<boolean>(resolve => {
      const server = createServer()
      server.once('error', () => resolve(false))
      server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
    })
    if (isFree) return port
  }
  throw new Error('no free port')
}

/** Ids of processes whose command line holds `mark`. */
export async function processesWith(mark: string): Promise<readonly number[]> {
  const pids = (await readdir('/proc')).map(Number).filter(Number.isInteger)
  const lines = await Promise.all(pids.map(pid => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')))
  return pids.filter((_, at) => lines[at]?.includes(mark))
}
