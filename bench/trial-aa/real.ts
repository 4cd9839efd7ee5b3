/** Trials of real server processes: against itself, and against itself with a fifth more CPU a request. */
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { runInProcess } from '@whetstone/load'
import { loadBlock, runTrial, type Arm } from '@whetstone/loop'
import type { TrialResult, Workload } from '@whetstone/model'
import { spend } from './busy-server.mjs'

export interface RealTrial {
  /** CPU of b over a; 1 makes it an A/A trial. */
  readonly cpuRatio: number
  readonly stepsPerRequest: number
  readonly seed: number
  readonly pairs: number
  readonly blockMs: number
  readonly warmUpMs: number
}

/** CPU of the middle route; large beside the pacing of the generator, so that a fifth more of it is nearly a fifth more time. */
const CPU_MS_PER_REQUEST = 3
/** Keeps the service about a third busy: nearer to saturation the queue, not the code, decides. */
const RATE_PER_SECOND = 120

const workload: Workload = {
  routes: ['/light', '/middle', '/heavy'].map(path => ({
    route: `GET ${path}`,
    weight: 1,
    requests: [{ method: 'GET', path, headers: {} }],
  })),
  skipped: [],
}

/** The load engine runs in this process, which has nothing else to do: starting one for each block would cost more than the blocks. */
export function runRealTrial(trial: RealTrial): Promise<TrialResult> {
  const { seed, pairs, blockMs, warmUpMs, stepsPerRequest, cpuRatio } = trial
  return runTrial({
    arms: { a: busyArm('base', stepsPerRequest), b: busyArm('changed', Math.round(stepsPerRequest * cpuRatio)) },
    workload,
    ratePerSecond: RATE_PER_SECOND,
    seed,
    pairs,
    blockMs,
    warmUpMs,
    measureBlock: loadBlock({ runLoad: runInProcess }),
  })
}

/** How many steps take the CPU time of the middle route here: the fastest of several tries, since others only ever slow it. */
export function calibratedSteps(): number {
  const tried = 2_000_000
  const fastestMs = Math.min(
    ...Array.from({ length: 20 }, () => {
      const began = performance.now()
      spend(tried)
      return performance.now() - began
    }),
  )
  return Math.round((tried * CPU_MS_PER_REQUEST) / fastestMs)
}

function busyArm(name: string, stepsPerRequest: number): Arm {
  return {
    name,
    async start() {
      const child = fork(new URL('./busy-server.mjs', import.meta.url), {
        env: { ...process.env, STEPS_PER_REQUEST: String(stepsPerRequest) },
        execArgv: [],
      })
      const port = await portOf(child)
      const pid = child.pid
      return { baseUrl: `http://127.0.0.1:${port}`, ...(pid === undefined ? {} : { pid }), stop: () => stop(child) }
    },
  }
}

async function portOf(child: ChildProcess): Promise<number> {
  const [message] = (await once(child, 'message', { signal: AbortSignal.timeout(20_000) })) as [{ port: number }]
  return message.port
}

async function stop(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit')
  child.kill('SIGKILL')
  await ended
}
