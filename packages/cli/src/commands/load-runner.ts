/** How one load is run: in a process of its own with as many threads as asked for, or by workers on other machines. */
import { controlOverNats, type LoadPlan, type LoadResult, run, type RunOptions } from '@whetstone/load'
import { WhetstoneError } from '@whetstone/model'
import type { CommandContext } from '../context.ts'
import { label } from '../terminal/progress.ts'
import type { LoadOptions } from './load-options.ts'

export type RunLoad = (plan: LoadPlan, options?: RunOptions) => Promise<LoadResult>

const usualRun = 'whetstone'
/** Somebody has to start the workers by hand, on several machines. */
const joinTimeoutMs = 120_000

/** @throws WhetstoneError WHET_FLAG where nobody says how many workers will come, or where none can */
export function runnerOf({ workers, nats, natsRun, wait }: LoadOptions, { terminal }: CommandContext): RunLoad {
  if (nats === undefined) {
    if (natsRun !== undefined || wait !== undefined) {
      const idle = natsRun === undefined ? '--wait' : '--nats-run'
      throw new WhetstoneError('WHET_FLAG', `${idle} is for the workers of --nats, which is not given`, {
        hint: '--nats nats://10.0.0.5',
      })
    }
    return (plan, options) => run(plan, { ...options, threads: workers ?? 1 })
  }
  if (workers === undefined)
    throw new WhetstoneError('WHET_FLAG', '--nats is given, but not how many workers will come', {
      hint: '--workers 3',
    })
  return (plan, options) => {
    const start = `whetstone load worker --nats ${withoutUser(nats)} --nats-run ${natsRun ?? usualRun}`
    terminal.progress(`${label('workers')}waiting for ${workers}: ${start}`)
    const onJoin = (names: readonly string[]) =>
      terminal.progress(`${label('')}${names.length} of ${workers}: ${names.at(-1) ?? ''}`)
    return controlOverNats(plan, {
      url: nats,
      run: natsRun ?? usualRun,
      workers,
      joinTimeoutMs: wait ?? joinTimeoutMs,
      onJoin,
      ...options,
    })
  }
}

/** A user may be a token, which no masking knows from a name. */
function withoutUser(nats: string): string {
  return nats.replace(/^([a-z]+:\/\/)\S*@/i, '$1')
}
