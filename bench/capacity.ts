/** Whether the capacity search finds what queueing theory says: a server of known M/M/c capacity, searched again and again. */
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import type { LoadStep } from '@whetstone/model'
import { findCapacity, parseThreshold, runInProcess, type LoadPlan } from '@whetstone/load'
import { capacityOf, type Mmc } from './capacity/erlang.ts'

interface BenchOptions {
  readonly quick: boolean
  readonly log: (line: string) => void
}

/** Saturated at 1,000 answers a second, which costs the server a tenth of a core and lets its queue forget within seconds. */
const queue: Mmc = { slots: 16, servicePerSecond: 62.5 }
/** Kept up to 93.6 % of saturation. */
const LIMIT_MS = 70
const START_PER_SECOND = 250
const WITHIN = 0.05

interface Plan {
  readonly runs: number
  readonly lookMs: number
  readonly warmUpMs: number
  readonly widthFraction: number
  readonly mostLooks: number
  readonly largestPerSecond: number
}

const FULL: Plan = {
  runs: 10,
  lookMs: 6_000,
  warmUpMs: 2_000,
  widthFraction: 0.03,
  mostLooks: 4,
  largestPerSecond: 4_000,
}
const QUICK: Plan = { runs: 1, lookMs: 1_000, warmUpMs: 200, widthFraction: 0.5, mostLooks: 1, largestPerSecond: 500 }

interface Found {
  readonly outcome: string
  /** Found over true; NaN where nothing was found. */
  readonly ratio: number
  readonly loads: number
  /** Looks in which the host kept the generator from its schedule. */
  readonly thrownAway: number
  readonly seconds: number
  readonly lateMs: number
}

export const bench = {
  name: 'capacity',
  async run({ quick, log }: BenchOptions) {
    const plan = quick ? QUICK : FULL
    const truth = capacityOf(queue, 0.95, LIMIT_MS / 1000)
    const found: Found[] = []
    for (let run = 1; run <= plan.runs; run++) {
      const one = await searchOnce(plan, run * 1_000, truth)
      found.push(one)
      log(
        `run ${run}: ${one.outcome}, ${(one.ratio * truth).toFixed(0)} of ${truth.toFixed(0)} a second (${((one.ratio - 1) * 100).toFixed(1)} %), ${one.loads} loads (${one.thrownAway} thrown away) in ${one.seconds.toFixed(0)} s, answers ${one.lateMs.toFixed(2)} ms late`,
      )
    }
    return {
      runs: found.length,
      figures: {
        withinFivePercent: found.filter(({ ratio }) => Math.abs(ratio - 1) <= WITHIN).length,
        runs: found.length,
        truthPerSecond: Math.round(truth * 10) / 10,
        objective: `p95 < ${LIMIT_MS}ms, ${queue.slots} slots of ${1000 / queue.servicePerSecond} ms`,
        errorsPercent: found.map(({ ratio }) => Math.round((ratio - 1) * 1000) / 10),
        worstErrorFraction: Math.round(Math.max(...found.map(({ ratio }) => Math.abs(ratio - 1))) * 1000) / 1000,
        loadsPerRun: found.map(({ loads }) => loads),
        thrownAwayPerRun: found.map(({ thrownAway }) => thrownAway),
        secondsPerRun: found.map(({ seconds }) => Math.round(seconds)),
        serverLateMs: found.map(({ lateMs }) => Math.round(lateMs * 100) / 100),
      },
    }
  },
}

async function searchOnce(plan: Plan, seed: number, truth: number): Promise<Found> {
  const server = fork(new URL('./capacity/queue-server.mjs', import.meta.url), {
    env: {
      ...process.env,
      SLOTS: String(queue.slots),
      MEAN_SERVICE_MS: String(1000 / queue.servicePerSecond),
      SEED: String(seed),
    },
    execArgv: [],
  })
  try {
    const { port } = await messageOf<{ port: number }>(server)
    const beganMs = performance.now()
    const { capacity, steps } = await findCapacity(
      base(port, plan, seed),
      {
        objective: [parseThreshold(`p95 < ${LIMIT_MS}ms`)],
        widthFraction: plan.widthFraction,
        mostLooks: plan.mostLooks,
        largestPerSecond: plan.largestPerSecond,
        // A busy host may spoil minutes; what it spoils is thrown away and counted.
        mostInvalid: 20,
      },
      { runLoad: runInProcess },
    )
    const seconds = (performance.now() - beganMs) / 1000
    const asked = messageOf<{ late: { answers: number; sumMs: number } }>(server)
    server.send('late')
    const { late } = await asked
    return {
      outcome: capacity.outcome,
      // A search that ended early has a rate that held, and no capacity.
      ratio: (capacity.outcome === 'found' ? (capacity.ratePerSecond?.estimate ?? NaN) : NaN) / truth,
      loads: capacity.trials.length,
      thrownAway: steps.filter(isThrownAway).length,
      seconds,
      lateMs: late.sumMs / late.answers,
    }
  } finally {
    server.disconnect()
    await once(server, 'exit')
  }
}

function isThrownAway({ purpose, generator }: LoadStep): boolean {
  return purpose === 'curve' && generator.verdict === 'invalid'
}

function base(port: number, { lookMs, warmUpMs }: Plan, seed: number): LoadPlan {
  return {
    target: { host: '127.0.0.1', port },
    routes: [{ route: 'GET /', weight: 1, requests: [{ method: 'GET', path: '/', headers: {} }] }],
    ratePerSecond: START_PER_SECOND,
    durationMs: lookMs,
    warmUpMs,
    // The formulas hold for nothing else.
    arrivals: 'poisson',
    seed,
    // Requests wait in the server's queue, not in ours.
    maxConnections: 2_000,
    timeoutMs: 30_000,
  }
}

async function messageOf<T>(server: ChildProcess): Promise<T> {
  const [message] = (await once(server, 'message', { signal: AbortSignal.timeout(20_000) })) as [T]
  return message
}
