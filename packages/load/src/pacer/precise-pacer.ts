/** Wakes the engine to within a tenth of a millisecond: a helper thread sleeps finely, and only the last moment is spun away. */
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { Pacer } from './pacer.ts'
import { LONGEST_TIMER_MS } from './timer-pacer.ts'

/** The helper wakes this much early, to make up for the way from its thread to ours. */
const EARLY_MS = 0.03
/** The engine spins (through setImmediate, so that answers are read meanwhile) for no longer than this before a send. */
const SPIN_MS = 0.12

/** Slots of the shared array: the engine counts requests for sleep up in one, the helper counts wakes up in the other. */
const ASKED = 0
const WOKEN = 1

/**
 * Napping in the engine's own thread would be simpler and adds 0.15 ms to every measured latency, because reads wait too.
 * The helper is plain text, so that it runs the same from source and from the build. It compares absolute monotonic time
 * (`process.hrtime`), because each thread counts `performance.now` from its own start.
 */
const HELPER = `
const { workerData: { counters, times } } = require('node:worker_threads')
const now = () => { const [s, ns] = process.hrtime(); return s * 1e3 + ns / 1e6 }
let asked = 0
for (;;) {
  Atomics.wait(counters, ${ASKED}, asked)
  asked = Atomics.load(counters, ${ASKED})
  if (asked < 0) break
  const leftMs = times[0] - now()
  // A later request for sleep, or the end, cuts the sleep short.
  if (leftMs > 0) Atomics.wait(counters, ${ASKED}, asked, leftMs)
  Atomics.add(counters, ${WOKEN}, 1)
  Atomics.notify(counters, ${WOKEN})
}
`

/** In V8 since Node 16; the language level we compile for does not list it yet. */
interface AtomicsWithWaitAsync {
  waitAsync(
    array: Int32Array,
    index: number,
    value: number,
  ): { readonly async: true; readonly value: Promise<string> } | { readonly async: false }
}
const AtomicsNow = Atomics as unknown as AtomicsWithWaitAsync

/** Resolves when the helper runs, so that the first sends are as exact as the last. */
export async function precisePacer(now: () => number): Promise<Pacer> {
  const counters = new Int32Array(new SharedArrayBuffer(8))
  const times = new Float64Array(new SharedArrayBuffer(8))
  const helper = new Worker(HELPER, { eval: true, workerData: { counters, times }, execArgv: [], stderr: false })
  await once(helper, 'online')
  helper.unref()
  // Without its helper the pacer is what its guard timers make it, and the lag tells.
  helper.on('error', () => {})
  // Both clocks are the system's monotonic one, counted from different starts.
  const [seconds, nanoseconds] = process.hrtime()
  const offsetMs = seconds * 1e3 + nanoseconds / 1e6 - now()
  let immediate: NodeJS.Immediate | undefined
  // Pending waitAsync promises do not keep the process alive, and a lost wake-up must not stop the run.
  let guard: NodeJS.Timeout | undefined
  // What an earlier sleep set going must not touch the one that replaced it.
  let current = 0

  function spin(atMs: number, wake: () => void): void {
    if (now() >= atMs) wake()
    else immediate = setImmediate(spin, atMs, wake)
  }

  function sleep(atMs: number, leftMs: number, wake: () => void): void {
    const mine = current
    // A replaced sleep ends early and wakes us for nothing: then there is still time left.
    const end = () => {
      if (mine === current) wait(atMs, wake)
    }
    guard = setTimeout(end, Math.min(LONGEST_TIMER_MS, leftMs + 2))
    times[0] = atMs + offsetMs - EARLY_MS
    const woken = Atomics.load(counters, WOKEN)
    Atomics.add(counters, ASKED, 1)
    Atomics.notify(counters, ASKED)
    const waiting = AtomicsNow.waitAsync(counters, WOKEN, woken)
    if (waiting.async) void waiting.value.then(end)
    else end()
  }

  function wait(atMs: number, wake: () => void): void {
    forget()
    const leftMs = atMs - now()
    if (leftMs <= 0) immediate = setImmediate(wake)
    else if (leftMs <= SPIN_MS) spin(atMs, wake)
    else sleep(atMs, leftMs, wake)
  }

  function forget(): void {
    current++
    clearTimeout(guard)
    clearImmediate(immediate)
  }

  return {
    sleepUntil: wait,
    close() {
      forget()
      Atomics.store(counters, ASKED, -1)
      Atomics.notify(counters, ASKED)
      void helper.terminate()
    },
  }
}
