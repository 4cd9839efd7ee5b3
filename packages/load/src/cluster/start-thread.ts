/** Starts a thread of a run, from the build or from source. */
import { Worker } from 'node:worker_threads'
import type { MessagePort } from 'node:worker_threads'

export interface ThreadData {
  readonly port: MessagePort
  readonly name: string
  readonly index: number
}

export function startThread(data: ThreadData): Worker {
  const fromSource = import.meta.url.endsWith('.ts')
  const entry = new URL(fromSource ? './thread-entry.ts' : './thread-entry.js', import.meta.url)
  const options = { workerData: data, transferList: [data.port] }
  if (!fromSource) return new Worker(entry, { ...options, execArgv: [] })
  // Node 20 starts a thread without what `--import` would load, so it must be told within.
  const tsx = JSON.stringify(import.meta.resolve('tsx/esm/api'))
  const load = `import(${tsx}).then(({ register }) => (register(), import(${JSON.stringify(entry.href)})))`
  return new Worker(load, { ...options, eval: true, execArgv: ['--conditions=@whetstone/source'] })
}
