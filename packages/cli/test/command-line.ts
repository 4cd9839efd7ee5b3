/** Runs the command line as a person does: a process of its own in an empty folder, judged by exit code, output and files. */
import { spawn } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const serverFile = fileURLToPath(new URL('./fixtures/server.mjs', import.meta.url))
const main = fileURLToPath(new URL('../src/main.ts', import.meta.url))
const loader = import.meta.resolve('tsx')

export interface Finished {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
  readonly tookMs: number
}

export interface Running {
  readonly pid: number
  /** Resolves once `text` stood in its output. */
  printed(text: string | RegExp): Promise<void>
  readonly finished: Promise<Finished>
}

export interface Folder {
  readonly path: string
  start(words: readonly string[], env?: Readonly<Record<string, string>>): Running
  run(words: readonly string[], env?: Readonly<Record<string, string>>): Promise<Finished>
  /** Everything written below `.whetstone`, file name to text. */
  written(): Promise<ReadonlyMap<string, string>>
  remove(): Promise<void>
}

/** What the surrounding shell exports must not change what the tests see. */
const { NODE_ENV: _mode, DATABASE_URL: _database, NODE_OPTIONS: _options, ...quietEnv } = process.env

export async function emptyFolder(): Promise<Folder> {
  const path = await mkdtemp(join(tmpdir(), 'whetstone-cli-'))
  const start = (words: readonly string[], env: Readonly<Record<string, string>> = {}): Running =>
    startProcess(path, ['--conditions=@whetstone/source', '--import', loader, main, ...words], { ...quietEnv, ...env })
  return {
    path,
    start,
    run: (words, env) => start(words, env).finished,
    written: () => filesBelow(join(path, '.whetstone')),
    remove: () => rm(path, { recursive: true, force: true }),
  }
}

function startProcess(cwd: string, args: readonly string[], env: NodeJS.ProcessEnv): Running {
  const began = performance.now()
  // A group of its own: an interrupt then reaches all of it, as it does from a terminal.
  const child = spawn(process.execPath, args, { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  const finished = new Promise<Finished>(resolve => {
    child.once('close', code => resolve({ code, stdout, stderr, tookMs: performance.now() - began }))
  })
  return {
    pid: child.pid as number,
    finished,
    printed: text =>
      new Promise((resolve, reject) => {
        const look = () => {
          const all = stdout + stderr
          if (typeof text === 'string' ? all.includes(text) : text.test(all)) resolve()
        }
        child.stdout.on('data', look)
        child.stderr.on('data', look)
        child.once('close', () => reject(new Error(`ended without printing ${String(text)}:\n${stdout}${stderr}`)))
        look()
      }),
  }
}

async function filesBelow(folder: string): Promise<ReadonlyMap<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])
  const files = entries.filter(entry => entry.isFile()).map(entry => join(entry.parentPath, entry.name))
  return new Map(await Promise.all(files.map(async file => [file, await readFile(file, 'utf8')] as const)))
}

/** Ids of processes whose command line holds `mark`. */
export async function processesWith(mark: string): Promise<number[]> {
  const pids = (await readdir('/proc')).map(Number).filter(Number.isInteger)
  const lines = await Promise.all(pids.map(pid => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')))
  return pids.filter((_, at) => lines[at]?.includes(mark))
}
