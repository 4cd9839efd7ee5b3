/** Processes of a benchmark: each runs one file, takes orders and answers them, and leaves with us. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'

export interface Worker {
  readonly pid: number
  /** @returns what the process says to it; rejects when it dies before */
  order<Answer>(message: object): Promise<Answer>
  kill(): Promise<void>
}

/** @param file beside its caller @param setup what the process is told first; resolves when it says that it is ready */
export async function startWorker(file: URL, setup: object): Promise<Worker> {
  const child = fork(file, [JSON.stringify(setup)], {
    execArgv: ['--conditions=@whetstone/source', '--import', 'tsx'],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  let nextId = 0
  const open = new Map<number, { resolve(answer: never): void; reject(error: Error): void }>()
  child.on('message', (message: { id?: number; answer?: never }) => {
    if (message.id === undefined) return
    open.get(message.id)?.resolve(message.answer as never)
    open.delete(message.id)
  })
  const exited = once(child, 'exit')
  void exited.then(() => {
    for (const { reject } of open.values()) reject(new Error(`process ${child.pid} ended`))
  })
  await Promise.race([once(child, 'message'), exited.then(() => Promise.reject(new Error('a process did not start')))])
  return {
    pid: child.pid!,
    order: message =>
      new Promise((resolve, reject) => {
        const id = nextId++
        open.set(id, { resolve, reject })
        child.send({ id, ...message })
      }),
    async kill() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
      await exited
    },
  } satisfies Worker & { child?: ChildProcess }
}

/** The other side: in the process itself. */
export function takeOrders(answer: (order: never) => Promise<unknown>): void {
  process.on('message', (message: { id: number }) => {
    void answer(message as never).then(said => process.send!({ id: message.id, answer: said }))
  })
  process.on('disconnect', () => process.exit())
  process.send!({ ready: true })
}
