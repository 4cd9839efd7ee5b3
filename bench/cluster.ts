/** What is lost when a process of a distributed run is killed: a worker mid-run, and the controller of others. */
import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { controlOverNats, type LoadPlan } from '@whetstone/load'
import { startNats } from '@whetstone/sandbox'
import { message } from './load/message.ts'

interface Options {
  readonly quick: boolean
  log(line: string): void
}

const workers = 3
const ratePerSecond = 300

export const bench = {
  name: 'cluster',
  async run({ quick, log }: Options) {
    const nats = await startNats()
    if (nats.kind === 'not-available') {
      log(`not run: ${nats.reason}`)
      return { runs: 0, figures: { notRun: nats.reason } }
    }
    const server = fork(fileURLToPath(new URL('load/server.mjs', import.meta.url)), [], { execArgv: [] })
    try {
      const { port } = (await message(server)) as { readonly port: number }
      const durationMs = quick ? 8000 : 20_000
      const worker = await workerKilled(nats.url, planOf(port, durationMs))
      log(
        `a worker killed: ${worker.survivorsLost} samples of the others lost, ${(100 * worker.lostFraction).toFixed(1)} % of the load missing`,
      )
      const controller = await controllerKilled(nats.url, planOf(port, 600_000), server)
      log(`the controller killed: silence after ${controller.secondsUntilSilent.toFixed(1)} s`)
      return { runs: 1, figures: { ...worker, ...controller } }
    } finally {
      server.disconnect()
      await nats.stop()
    }
  },
}

function planOf(port: number, durationMs: number): LoadPlan {
  return {
    target: { host: '127.0.0.1', port },
    routes: [{ route: 'GET /', weight: 1, requests: [{ method: 'GET', path: '/', headers: {} }] }],
    ratePerSecond,
    durationMs,
    warmUpMs: 0,
    arrivals: 'uniform',
    seed: 1,
    maxConnections: 60,
    timeoutMs: 10_000,
  }
}

/** One of three in the middle of the run. */
async function workerKilled(url: string, plan: LoadPlan) {
  const run = 'bench-worker'
  const started = Array.from({ length: workers }, (_, index) =>
    member({ kind: 'work', url, run, name: `w${index}`, index }),
  )
  const { measure, workers: shares = [] } = await controlOverNats(plan, {
    url,
    run,
    workers,
    joinTimeoutMs: 60_000,
    onSecond: ({ atMs }) => atMs >= plan.durationMs / 2 - 1000 && started[1]!.kill('SIGKILL'),
  })
  const shareOf = (index: number) => Math.ceil(((ratePerSecond * plan.durationMs) / 1000 - index) / workers)
  const survivors = shares.filter(({ ended }) => ended === 'finished')
  return {
    reported: survivors.length === workers - 1,
    survivorsLost: survivors.reduce((sum, { index, requests }) => sum + shareOf(index) - requests, 0),
    handedOverByTheLost: shares.find(({ ended }) => ended === 'lost')?.requests ?? 0,
    lostFraction: Number((measure.lost?.fraction ?? 0).toFixed(4)),
  }
}

/** Until the server has received nothing for a second. */
async function controllerKilled(url: string, plan: LoadPlan, server: ChildProcess) {
  const run = 'bench-controller'
  const started = Array.from({ length: workers }, (_, index) =>
    member({ kind: 'work', url, run, name: `w${index}`, index }),
  )
  const controller = member({ kind: 'control', url, run, plan, workers })
  const before = await received(server)
  while ((await received(server)) < before + 2 * ratePerSecond) await delay(50)
  controller.kill('SIGKILL')
  const killedMs = performance.now()
  let silentSinceMs = killedMs
  for (let last = await received(server); performance.now() - silentSinceMs < 1500; await delay(20)) {
    const now = await received(server)
    if (now > last) silentSinceMs = performance.now()
    last = now
  }
  await Promise.all(started.map(async child => child.exitCode ?? (await once(child, 'exit'))))
  return {
    secondsUntilSilent: Number(((silentSinceMs - killedMs) / 1000).toFixed(2)),
    workersLeft: started.filter(({ exitCode }) => exitCode === null).length,
  }
}

async function received(server: ChildProcess): Promise<number> {
  server.send('count')
  return ((await message(server)) as { readonly requests: number }).requests
}

function member(task: Readonly<Record<string, unknown>>): ChildProcess {
  const entry = fileURLToPath(new URL('../packages/load/src/cluster/testing/nats-member.ts', import.meta.url))
  return fork(entry, [JSON.stringify(task)], {
    silent: true,
    execArgv: ['--conditions=@whetstone/source', '--import', 'tsx'],
  })
}
