/** The load process: runs one plan apart from everything else, so that neither our own work nor the service's shares its event loop. */
import { isWhetstoneError } from '@whetstone/model'
import { runOnThreads } from '../cluster/over-threads.ts'
import type { LoadResult } from '../engine/live.ts'
import { runInProcess } from '../run-in-process.ts'
import type { FromLoadProcess, ToLoadProcess } from './messages.ts'

const stop = new AbortController()
/** Ends the run for a broken limit; set as soon as there is a second to judge. */
let breach: () => void = () => {}

process.on('message', (message: ToLoadProcess) => {
  if (message.kind === 'stop') stop.abort()
  else if (message.kind === 'breach') breach()
  else void work(message)
})
// The parent is gone, however it died: nobody can use the figures, and an orphan would go on loading the service.
process.on('disconnect', () => process.exit(0))
// Ctrl-C reaches the whole process group. What was measured so far is handed over before the end.
process.on('SIGINT', () => stop.abort())
process.on('SIGTERM', () => stop.abort())

async function work({ plan, seconds, threads }: Extract<ToLoadProcess, { kind: 'run' }>): Promise<void> {
  try {
    tell({ kind: 'begun' })
    const onInterval = (interval: Extract<FromLoadProcess, { kind: 'interval' }>['interval']) =>
      tell({ kind: 'interval', interval })
    const onSecond = (second: Extract<FromLoadProcess, { kind: 'second' }>['second'], stopForBreach: () => void) => {
      breach = stopForBreach
      tell({ kind: 'second', second })
    }
    const onMeasured = (result: LoadResult) => tell({ kind: 'measured', result })
    const options = { signal: stop.signal, onInterval, onMeasured, ...(seconds ? { onSecond } : {}) }
    const result = await (threads > 1 ? runOnThreads(plan, threads, options) : runInProcess(plan, options))
    tell({ kind: 'result', result }, leave)
  } catch (error) {
    const known = isWhetstoneError(error)
    const message = error instanceof Error ? (known ? error.message : (error.stack ?? error.message)) : String(error)
    tell(
      { kind: 'failed', code: known ? error.code : 'WHET_LOAD_DEFECT', message, hint: known ? error.hint : undefined },
      leave,
    )
  }
}

function tell(message: FromLoadProcess, then: () => void = () => {}): void {
  process.send?.(message, undefined, undefined, then)
}

function leave(): void {
  process.exit(0)
}
