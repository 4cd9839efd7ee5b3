/** `whetstone load worker`: sends its share of a load that another process controls, and leaves when that is over or gone. */
import { hostname } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import { workOverNats } from '@whetstone/load'
import { isWhetstoneError } from '@whetstone/model'
import type { CommandContext } from '../context.ts'
import { label } from '../terminal/progress.ts'
import type { LoadWorkerOptions } from './load-cluster-options.ts'
import { assertNotProduction, assertThisMachine } from './safety.ts'

const againAfterMs = 500

/**
 * Resolves when it has handed over its shares.
 *
 * @throws WhetstoneError WHET_LOAD_NATS, WHET_LOAD_BUS when no controller came or it went away, WHET_LOAD_NAME when the run has
 * another worker of that name, WHET_FOREIGN_HOST
 */
export async function loadWorkerCommand(options: LoadWorkerOptions, context: CommandContext): Promise<void> {
  const { nats: url, natsRun: run } = options
  const { terminal, signal, env } = context
  assertNotProduction(options, context)
  const name = options.name ?? `${hostname()}-${process.pid}`
  const index = options.index ?? indexOf(env['JOB_COMPLETION_INDEX'])
  terminal.progress(`${label('worker')}${name} waits for a controller of "${run}"`)
  let deadlineMs = performance.now() + options.wait
  for (let shares = 0; !signal.aborted;) {
    try {
      const outcome = await workOverNats({
        url,
        run,
        name,
        signal,
        joinTimeoutMs: deadlineMs - performance.now(),
        ...(index === undefined ? {} : { index }),
        onShare({ plan, index: taken, of }) {
          const { host, port, socketPath } = plan.target
          if (socketPath === undefined) assertThisMachine(`http://${bracketed(host)}:${port}`, 'service', options)
          terminal.progress(`${label('share')}${taken + 1} of ${of} of the load on ${host}:${port}`)
        },
      })
      if (outcome === 'surplus') return terminal.progress(`${label('')}there were workers enough`)
      shares++
      deadlineMs = performance.now() + options.stay
      terminal.progress(`${label('')}handed over`)
    } catch (error) {
      if (!isWhetstoneError(error)) throw error
      // No further run of that name came: it has done its work.
      if (shares > 0 && error.code === 'WHET_LOAD_NO_CONTROLLER') return
      // It has done its share of this run, which others are still busy with: the next one is waited for from its end on.
      if (shares > 0 && error.code === 'WHET_LOAD_NAME') deadlineMs = performance.now() + options.stay
      // In a cluster the server may be started later than its workers.
      else if (error.code !== 'WHET_LOAD_NATS' || performance.now() >= deadlineMs) throw error
      await delay(againAfterMs, undefined, { signal }).catch(() => undefined)
    }
  }
}

function indexOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,3}$/.test(text) ? Number(text) : undefined
}

function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host
}
