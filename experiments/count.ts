/** The counts of the drills: each starts an arm, asks it one thing, and leaves nothing behind. */
import { cpus } from 'node:os'
import { loadTarget, runInProcess } from '@whetstone/load'
import { stopDrill, startTarget } from '@whetstone/loop'
import type { CurvePoint, Workload } from '@whetstone/model'
import { seededRandom } from '@whetstone/stats'
import type { ArmStart } from './arms.ts'
import { whileRunning } from './while-running.ts'

/** The middle of the usual time of these arms; the signal has to fall into it. */
const usualMs = 60

export async function lostAtStop(start: ArmStart, workload: Workload, ratePerSecond: number): Promise<number> {
  const target = await startTarget({ ...start })
  try {
    const drill = await stopDrill(target, { workload, ratePerSecond, usualMs, random: seededRandom(1) })
    return drill?.lost ?? 0
  } finally {
    await target.stop()
  }
}

/** Both arms answer `/heap` with what their heap keeps after a full collection. */
export async function keptBytesPerRequest(start: ArmStart, workload: Workload): Promise<number> {
  return await whileRunning(start, async baseUrl => {
    const paths = workload.routes.flatMap(route => route.requests.map(({ path }) => path))
    const send = async (from: number, to: number) => {
      for (let at = from; at < to; at++) await (await fetch(baseUrl + paths[at % paths.length]!)).text()
    }
    const kept = async () => Number(await (await fetch(`${baseUrl}/heap`)).text())
    await send(0, 300)
    const before = await kept()
    await send(300, 900)
    return Math.max(0, Math.round(((await kept()) - before) / 600))
  })
}

const requestsSent = 300
const together = 6

/** What 300 requests of six users come to: server errors, and those that get no answer. */
export async function failedRequests(start: ArmStart, workload: Workload): Promise<number> {
  return await whileRunning(start, async baseUrl => {
    return requestsSent - (await answeredWell(baseUrl, workload, requestsSent))
  })
}

/** Both arms answer `GET /total` with the sum that every request adds one to. */
export async function lostUpdates(start: ArmStart, workload: Workload): Promise<number> {
  return await whileRunning(start, async baseUrl => {
    const total = async () => Number(await (await fetch(`${baseUrl}/total`)).text())
    const before = await total()
    const answered = await answeredWell(baseUrl, workload, requestsSent)
    return answered - ((await total()) - before)
  })
}

const loadedMs = 4_000

/** Both arms answer `GET /loads` with how often their key has been loaded. @throws Error when requests fail: a load that is refused is none */
export async function loadsUnderLoad(start: ArmStart, workload: Workload, ratePerSecond: number): Promise<number> {
  return await whileRunning(start, async baseUrl => {
    const loads = async () => Number(await (await fetch(`${baseUrl}/loads`)).text())
    // The first load of a process is a cold start, which is another matter.
    await answeredWell(baseUrl, workload, 1)
    const before = await loads()
    const { measure } = await runInProcess({
      target: loadTarget(new URL(baseUrl)),
      routes: workload.routes,
      ratePerSecond,
      durationMs: loadedMs,
      warmUpMs: 0,
      arrivals: 'uniform',
      seed: 1,
      maxConnections: 500,
      timeoutMs: 10_000,
    })
    if (measure.errors > 0) throw new Error(`${measure.errors} of ${measure.sent} requests failed`)
    return (await loads()) - before
  })
}

/** Of as many requests of six users, those answered without a server error. */
export async function answeredWell(baseUrl: string, workload: Workload, most: number): Promise<number> {
  const requests = workload.routes.flatMap(route => route.requests)
  let sent = 0
  let answered = 0
  const user = async () => {
    while (sent < most) {
      const { method, path } = requests[sent++ % requests.length]!
      const status = await fetch(baseUrl + path, { method }).then(
        response => response.text().then(() => response.status),
        () => 0,
      )
      if (status > 0 && status < 500) answered++
    }
  }
  await Promise.all(Array.from({ length: together }, user))
  return answered
}

export interface Capacity {
  /** The most that was answered in any of the steps. */
  readonly ratePerSecond: number
  readonly curve: readonly CurvePoint[]
  /** Of the machine, at the largest step. */
  readonly cpuBusyFraction: number
}

const users = [1, 2, 3, 4, 6, 8, 12]
const stepMs = 1_200

/** A closed model on purpose: it asks how much is answered, not how long anybody waits. */
export async function capacityOf(start: ArmStart, workload: Workload): Promise<Capacity> {
  return await whileRunning(start, async baseUrl => {
    const curve: CurvePoint[] = []
    let cpuBusyFraction = 0
    for (const count of users) {
      const before = cpuTimes()
      const { measure } = await runInProcess({
        target: loadTarget(new URL(baseUrl)),
        routes: workload.routes,
        ratePerSecond: 1,
        closed: { users: count },
        durationMs: stepMs,
        warmUpMs: 200,
        arrivals: 'uniform',
        seed: count,
        maxConnections: count,
        timeoutMs: 10_000,
      })
      const after = cpuTimes()
      cpuBusyFraction = 1 - (after.idle - before.idle) / Math.max(1, after.total - before.total)
      curve.push({ concurrency: count, ratePerSecond: measure.achievedRatePerSecond })
    }
    return { ratePerSecond: Math.max(...curve.map(point => point.ratePerSecond)), curve, cpuBusyFraction }
  })
}

function cpuTimes(): { readonly idle: number; readonly total: number } {
  const times = cpus().map(({ times: one }) => one)
  const idle = times.reduce((sum, one) => sum + one.idle, 0)
  return { idle, total: times.reduce((sum, { user, nice, sys, irq }) => sum + user + nice + sys + irq, idle) }
}
