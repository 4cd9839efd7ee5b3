/** Test support: the command line as a process of its own, in a folder of its own. */
import { type ChildProcess, spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { fileURLToPath, pathToFileURL } from 'node:url'

export interface Ended {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

export interface Running {
  readonly child: ChildProcess
  /** Resolves once its progress holds this text. */
  says(text: string): Promise<void>
  readonly ended: Promise<Ended>
}

const main = fileURLToPath(new URL('../../main.ts', import.meta.url))
const loader = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href

export function startWhetstone(words: readonly string[], folder: string): Running {
  const { NODE_ENV: _ofTheTest, DATABASE_URL: _foreign, NODE_OPTIONS: _options, ...env } = process.env
  const child = spawn(process.execPath, ['--conditions=@whetstone/source', '--import', loader, main, ...words], {
    cwd: folder,
    env: { ...env, LANG: 'C.UTF-8' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let [out, err] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text))
  const ended = new Promise<Ended>(resolve => child.once('close', code => resolve({ code, out, err })))
  return {
    child,
    ended,
    says: text =>
      new Promise((resolve, reject) => {
        const look = () => err.includes(text) && resolve()
        child.stderr.on('data', look)
        look()
        void ended.then(() => reject(new Error(`it ended without saying '${text}':\n${err}`)))
      }),
  }
}

export function whetstone(words: readonly string[], folder: string): Promise<Ended> {
  return startWhetstone(words, folder).ended
}
