/** What watching costs: CPU time added to a request by the probe, beside OpenTelemetry's auto-instrumentation on the same service. */
import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { Agent, createServer, get } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import type { ProbeLevel } from '@whetstone/model'
import { ProbeReceiver } from '../packages/loop/src/measure/probe/index.ts'
import { startPostgres } from '@whetstone/sandbox'
import { median } from '@whetstone/stats'

const service = fileURLToPath(new URL('probe/service.cjs', import.meta.url))
const connections = 8
const items = 1_000
const routes = [
  { path: 'one', requests: 800 },
  { path: 'twenty', requests: 120 },
] as const
const variants = ['none', 'red', 'trace', 'profile', 'otel'] as const
type Variant = (typeof variants)[number]

interface Service {
  readonly variant: Variant
  readonly address: string
  cpuMicros(): Promise<number>
  stop(): Promise<void>
}

export const bench = {
  name: 'probe',
  async run({ quick, log }: { readonly quick: boolean; log(line: string): void }) {
    const rounds = quick ? 2 : 15
    // A quick run shows that everything runs; its figures are no figures.
    const bursts = routes.map(({ path, requests }) => ({ path, requests: quick ? requests / 5 : requests }))
    const postgres = await startPostgres()
    const sink = createServer((request, response) => void request.resume().on('end', () => response.end()))
    sink.listen(0, '127.0.0.1')
    await once(sink, 'listening')
    const services: Service[] = []
    try {
      await fill(postgres.url)
      const otlp = `http://127.0.0.1:${(sink.address() as AddressInfo).port}`
      for (const variant of variants) services.push(await start(variant, postgres.url, otlp))
      // Compilation and pools settle first; their cost is no cost of a request.
      for (const one of services) for (const { path, requests } of bursts) await burst(one, path, requests * 2)
      const samples = new Map<string, number[]>()
      for (let round = 0; round < rounds; round++) {
        const order = round % 2 === 0 ? services : services.toReversed()
        for (const { path, requests } of bursts) {
          for (const one of order) {
            const key = `${one.variant} ${path}`
            samples.set(key, [...(samples.get(key) ?? []), await burst(one, path, requests)])
          }
        }
        log(`round ${round + 1} of ${rounds}`)
      }
      return { runs: rounds, figures: figuresOf(samples) }
    } finally {
      await Promise.all(services.map(async one => await one.stop()))
      sink.close()
      await postgres.stop()
    }
  },
}

/** Ratios of added CPU; the added microseconds are given too, so that a reader can judge the noise. */
function figuresOf(samples: ReadonlyMap<string, readonly number[]>): Readonly<Record<string, number>> {
  // Differences within a round cancel what else the machine was doing.
  const added = (variant: Variant, path: string, over: Variant = 'none'): number => {
    const base = samples.get(`${over} ${path}`) ?? []
    return median((samples.get(`${variant} ${path}`) ?? []).map((value, round) => value - base[round]!))
  }
  const figures: Record<string, number> = {}
  for (const [path, suffix] of [
    ['one', '1'],
    ['twenty', '20'],
  ] as const) {
    figures[`noneMicros${suffix}`] = median(samples.get(`none ${path}`) ?? [])
    for (const variant of ['red', 'trace', 'otel'] as const)
      figures[`${variant}AddedMicros${suffix}`] = added(variant, path)
    figures[`traceOfOtel${suffix}`] = added('trace', path) / added('otel', path)
    figures[`redOfOtel${suffix}`] = added('red', path) / added('otel', path)
  }
  figures['profilerOverhead'] = added('profile', 'one', 'trace') / median(samples.get('trace one') ?? [])
  return figures
}

async function fill(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query(`create table item (id int primary key, name text);
    insert into item select i, 'item ' || i from generate_series(1, ${items + 20}) i`)
  await client.end()
}

async function start(variant: Variant, databaseUrl: string, otlp: string): Promise<Service> {
  const isOurs = variant !== 'none' && variant !== 'otel'
  const receiver = isOurs ? new ProbeReceiver({ level: variant satisfies ProbeLevel }) : undefined
  const injected = await receiver?.start()
  const register = createRequire(import.meta.url).resolve('@opentelemetry/auto-instrumentations-node/register')
  const child = fork(service, [], {
    execArgv: variant === 'otel' ? ['--require', register] : [],
    env: {
      ...process.env,
      ...injected?.env,
      DATABASE_URL: databaseUrl,
      OTEL_EXPORTER_OTLP_ENDPOINT: otlp,
      OTEL_TRACES_EXPORTER: 'otlp',
      OTEL_METRICS_EXPORTER: 'none',
      OTEL_LOGS_EXPORTER: 'none',
      OTEL_NODE_RESOURCE_DETECTORS: 'none',
    },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const { address } = (await message(child)) as { readonly address: string }
  return {
    variant,
    address,
    async cpuMicros() {
      const answer = message(child)
      child.send('cpu')
      const { cpu } = (await answer) as { readonly cpu: NodeJS.CpuUsage }
      return cpu.user + cpu.system
    },
    async stop() {
      child.kill('SIGKILL')
      if (child.exitCode === null) await once(child, 'exit')
      await receiver?.close()
    },
  }
}

async function message(child: ChildProcess): Promise<unknown> {
  const [value] = (await once(child, 'message')) as [unknown]
  return value
}

/** CPU microseconds of the service for each request of a closed-loop burst. */
async function burst(one: Service, path: string, requests: number): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections })
  const before = await one.cpuMicros()
  let sent = 0
  const worker = async (): Promise<void> => {
    while (sent < requests) await ask(`${one.address}/${path}/${1 + (sent++ % items)}`, agent)
  }
  await Promise.all(Array.from({ length: connections }, worker))
  const after = await one.cpuMicros()
  agent.destroy()
  return (after - before) / sent
}

async function ask(url: string, agent: Agent): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    get(url, { agent }, response => response.resume().on('end', resolve)).on('error', reject)
  })
}
