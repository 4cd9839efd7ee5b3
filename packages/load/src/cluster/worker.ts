/** A worker of a distributed run: takes its share, starts with the others, and hands over each second what it saw. */
import { performance } from 'node:perf_hooks'
import { setTimeout as delay } from 'node:timers/promises'
import { exitCodes, isWhetstoneError, WhetstoneError } from '@whetstone/model'
import type { LoadInterval } from '@whetstone/model'
import { runInProcess } from '../run-in-process.ts'
import type { Bus } from './bus.ts'
import { ClockOffset } from './clock-offset.ts'
import { failureOf } from './member.ts'
import { assignmentOf, READY, READY_TIMEOUT_MS, SETUP, START } from './messages.ts'
import type { Assignment, ControlMessage, WorkerMessage } from './messages.ts'

/** Together with the patience of the bus this is how soon an orphan stops. */
const BEAT_EVERY_MS = 500
/** The first round trips of a connection are its slowest. */
const CLOCK_ROUNDS = 8
const JOIN_AGAIN_MS = 500

type ShareAssignment = Extract<Assignment, { readonly kind: 'share' }>

export interface WorkerOptions {
  /** The share it would like; default: whichever is free. */
  readonly index?: number
  /** How long it waits for a controller. */
  readonly joinTimeoutMs: number
  readonly signal?: AbortSignal
  /** Told what it is asked to do; what this throws is told to the controller, and ends the run. */
  readonly onShare?: (share: ShareAssignment) => void
}

/**
 * Resolves when its share is handed over (`finished`), or when there were workers enough (`surplus`). Rejects with
 * `WHET_LOAD_NO_CONTROLLER` when none came, with `WHET_LOAD_NAME` when the run has, or had, a worker of this name, and with `WHET_LOAD_BUS` when it went away: the load has then stopped.
 */
export async function work(bus: Bus, options: WorkerOptions): Promise<'finished' | 'surplus'> {
  const stop = new AbortController()
  /** The controller has ended the load, or nobody is left to end it and to read its figures. */
  const dismissed = new AbortController()
  const interrupted = new AbortController()
  const dismiss = () => (dismissed.abort(), stop.abort())
  const interrupt = () => (interrupted.abort(), stop.abort())
  let orphaned: unknown
  const orphan = (error: unknown) => {
    orphaned ??= error
    dismiss()
  }
  const clock = new ClockOffset()
  const tell = async (message: WorkerMessage) => {
    const askedMs = performance.now()
    clock.observe(askedMs, await bus.publish(message), performance.now())
  }
  /** What a worker waits for before its share begins may come late or never. */
  const unlessInterrupted = <T>(awaited: Promise<T>): Promise<T> =>
    Promise.race([awaited, aborted(interrupted.signal).then(() => Promise.reject(leftEarly()))])
  const carryOut = async ({ plan, of }: ShareAssignment) => {
    for (let round = 0; round < CLOCK_ROUNDS; round++) await tell({ kind: 'beat' })
    const shared = { value: await unlessInterrupted(bus.once(SETUP, onlyTheController)) }
    let latest: LoadInterval | undefined
    return await runInProcess(plan, {
      shared,
      signal: stop.signal,
      async ready() {
        const start = bus
          .barrier(READY, of + 1, READY_TIMEOUT_MS)
          .then(async () => clock.ours(await bus.once<number>(START, onlyTheController)))
        // A run that is stopped before it began ends at once.
        return await Promise.race([start, aborted(stop.signal)])
      },
      onInterval: interval => void tell({ kind: 'live', interval }).catch(orphan),
      onSecond: second => (latest = second),
      onSoFar: soFar => void tell({ kind: 'second', second: latest!, soFar }).catch(orphan),
    })
  }
  const stopListening = bus.onControl(message => (message as ControlMessage).kind === 'stop' && dismiss())
  options.signal?.addEventListener('abort', interrupt, { once: true })
  if (options.signal?.aborted) interrupt()
  let beats: NodeJS.Timeout | undefined
  try {
    await unlessInterrupted(join(options, tell))
    const assignment = await unlessInterrupted(bus.once<Assignment>(assignmentOf(bus.name), onlyTheController))
    if (assignment.kind === 'surplus') return 'surplus'
    beats = setInterval(() => void tell({ kind: 'beat' }).catch(orphan), BEAT_EVERY_MS)
    try {
      options.onShare?.(assignment)
      const result = await carryOut(assignment)
      if (orphaned === undefined) {
        await tell({ kind: 'done', result })
        // The share is handed over, whether or not this is heard.
        await tell({ kind: 'left' }).catch(() => undefined)
      }
    } catch (error) {
      // Unless it is the controller that failed: it has stopped listening.
      if (orphaned === undefined)
        await Promise.race([
          tell({ kind: 'failed', failure: failureOf(error) }).catch(orphan),
          aborted(dismissed.signal),
        ])
      throw orphaned ?? error
    }
    if (orphaned !== undefined) throw orphaned as Error
    return 'finished'
  } finally {
    clearInterval(beats)
    stopListening()
    options.signal?.removeEventListener('abort', interrupt)
  }
}

/** The controller may be started after its workers. */
async function join(options: WorkerOptions, tell: (message: WorkerMessage) => Promise<void>): Promise<void> {
  const deadlineMs = performance.now() + options.joinTimeoutMs
  const message: WorkerMessage = { kind: 'join', ...(options.index === undefined ? {} : { index: options.index }) }
  for (;;) {
    try {
      return await tell(message)
    } catch (error) {
      if (!isWhetstoneError(error) || error.code !== 'WHET_LOAD_BUS') throw error
      if (performance.now() >= deadlineMs) throw noController(options.joinTimeoutMs, error)
      if (options.signal?.aborted) throw leftEarly()
      await delay(JOIN_AGAIN_MS)
    }
  }
}

function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise(resolve => {
    if (signal.aborted) resolve(undefined)
    else signal.addEventListener('abort', () => resolve(undefined), { once: true })
  })
}

function leftEarly(): WhetstoneError {
  return new WhetstoneError('WHET_LOAD_STOPPED', 'the worker was stopped before its share began', {
    exitCode: exitCodes.interrupted,
  })
}

function noController(joinTimeoutMs: number, cause: unknown): WhetstoneError {
  return new WhetstoneError('WHET_LOAD_NO_CONTROLLER', `no controller came within ${joinTimeoutMs / 1000} s`, {
    exitCode: exitCodes.target,
    hint: 'start it with: whetstone load <url> --nats <url> --workers <number>, and the same --nats-run',
    cause,
  })
}

function onlyTheController(): Promise<never> {
  return Promise.reject(
    new WhetstoneError('WHET_LOAD_BUS', 'the controller has not said what to do', { exitCode: exitCodes.target }),
  )
}
