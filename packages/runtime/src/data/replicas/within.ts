/** Asks a server with a bound: a pool without free connections and a dead network both look like silence. */
import { Context } from '../../context.ts'
import type { Ctx } from '../../context.ts'
import { Fault } from '../../fault.ts'

/** Rejects with `FAULT_REPLICA_SILENT` after `timeoutMs`; the question is cancelled then, where the pool can. */
export async function within<T>(timeoutMs: number, ask: (ctx: Ctx) => Promise<T>): Promise<T> {
  const context = new Context(performance.now() + timeoutMs)
  let timer: NodeJS.Timeout | undefined
  const silent = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const fault = new Fault('FAULT_REPLICA_SILENT', `no answer within ${timeoutMs} ms`, { retryable: false })
      reject(fault)
      context.cancel(fault)
    }, timeoutMs)
  })
  try {
    return await Promise.race([ask(context), silent])
  } finally {
    clearTimeout(timer)
    context.release()
  }
}
