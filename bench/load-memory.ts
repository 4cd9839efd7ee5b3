/** Whether a long run needs more memory than a short one, and whether what several workers saw merges without loss. */
import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { median } from '@whetstone/stats'
import { runOnThreads } from '@whetstone/load'
import { mergeIsExact } from './load/merge-exact.ts'
import { message } from './load/message.ts'

interface Options {
  readonly quick: boolean
  log(line: string): void
}

interface Totals {
  readonly due: number
  readonly completed: number
  readonly errorsByKind: Readonly<Record<string, number>>
}

interface Second {
  readonly atMs: number
  readonly rssBytes: number
}

const script = (name: string) => fileURLToPath(new URL(`load/${name}`, import.meta.url))
const ratePerSecond = 2000
const threads = 4

export const bench = {
  name: 'load-memory',
  async run({ quick, log }: Options) {
    const server = fork(script('server.mjs'), [], { execArgv: [] })
    try {
      const { port } = (await message(server)) as { readonly port: number }
      const replayed = mergeIsExact(quick ? 20_000 : 400_000)
      log(`${replayed.samples} samples through four records and one: ${replayed.exact ? 'equal' : 'NOT equal'}`)
      const real = await fourThreads(port, quick)
      log(`four threads: ${real.sent} sent of ${real.scheduled} scheduled, ${real.inBuckets} in buckets`)
      const memory = await longRun(port, quick, log)
      return {
        runs: 1,
        figures: {
          ...memory,
          mergeExact: replayed.exact && real.sent === real.scheduled && real.inBuckets === real.scheduled,
          samplesReplayed: replayed.samples,
          ofFourThreads: real,
        },
      }
    } finally {
      server.disconnect()
    }
  },
}

/** Every request of the schedule is one sample of the merged record. */
async function fourThreads(port: number, quick: boolean) {
  const durationMs = quick ? 1000 : 10_000
  const { measure } = await runOnThreads(
    {
      target: { host: '127.0.0.1', port },
      routes: [{ route: 'GET /', weight: 1, requests: [{ method: 'GET', path: '/', headers: {} }] }],
      ratePerSecond: 500,
      durationMs,
      warmUpMs: 0,
      arrivals: 'uniform',
      seed: 1,
      maxConnections: 64,
      timeoutMs: 10_000,
    },
    threads,
  )
  return { scheduled: (500 * durationMs) / 1000, sent: measure.sent, inBuckets: measure.overall.response.count }
}

/** Resident memory at the end over that after the first part: a minute of ten, four seconds of twenty when quick. */
async function longRun(port: number, quick: boolean, log: Options['log']) {
  const seconds = quick ? 20 : 600
  const early = quick ? 4 : 60
  const around = quick ? 1 : 5
  const child = fork(script('long-run.ts'), [`${port}`, `${ratePerSecond}`, `${seconds}`], {
    execArgv: ['--conditions=@whetstone/source', '--import', 'tsx'],
  })
  const held: Second[] = []
  const totals = await new Promise<Totals>((resolve, reject) => {
    child.once('exit', code => reject(new Error(`the engine ended with code ${code}`)))
    child.on('message', (told: Second | Totals) => {
      if ('due' in told) return resolve(told)
      held.push(told)
      if (held.length % 60 === 0) log(`${held.length} s: ${megabytes(told.rssBytes)} MB`)
    })
  })
  const between = (from: number, to: number) =>
    median(held.filter(({ atMs }) => atMs >= from * 1000 && atMs < to * 1000).map(({ rssBytes }) => rssBytes))
  const earlyBytes = between(early - around, early + around)
  const lateBytes = between(seconds - 2 * around, seconds)
  return {
    rssGrowth: Number((lateBytes / earlyBytes).toFixed(3)),
    rssEarlyMegabytes: megabytes(earlyBytes),
    rssEndMegabytes: megabytes(lateBytes),
    rssSeconds: seconds,
    ...totals,
  }
}

function megabytes(bytes: number): number {
  return Math.round(bytes / 1e5) / 10
}
