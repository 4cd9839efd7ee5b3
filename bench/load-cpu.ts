/** What a request costs the generator: CPU time beside autocannon, wrk and node:http, taking turns on one server. */
import { fork, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { findTool, type ToolBinary } from '@whetstone/sandbox'
import { median } from '@whetstone/stats'
import { message } from './load/message.ts'
import { pin } from './load/pin.ts'

const connections = 50
const TICK_MICROS = 10_000

interface Measured {
  readonly cpuMicrosPerRequest: number
  readonly requestsPerSecond: number
}

export const bench = {
  name: 'load-cpu',
  async run({ quick, log }: { readonly quick: boolean; log(line: string): void }) {
    const rounds = quick ? 1 : 7
    const seconds = quick ? 1 : 5
    const found = await findTool('wrk')
    const wrk = found.kind === 'binary' ? found : undefined
    if (wrk === undefined) log('wrk is not to be had: its figures are not run')
    const server = fork(fileURLToPath(new URL('load/server.mjs', import.meta.url)), [], { execArgv: [] })
    pin(server.pid, 0)
    try {
      const { port } = (await message(server)) as { readonly port: number }
      const samples: Record<string, Measured[]> = { ours: [], full: [], autocannon: [], wrk: [], 'node-http': [] }
      const names = Object.keys(samples).filter(name => name !== 'wrk' || wrk !== undefined)
      for (let round = 0; round < rounds; round++) {
        for (const name of round % 2 === 0 ? names : names.toReversed()) {
          const before = await requestsSeen(server)
          const { cpuMicros, served } =
            name === 'wrk'
              ? await runWrk(wrk!, port, seconds)
              : await runTool(name, port, seconds, () => requestsSeen(server))
          const requests = (await requestsSeen(server)) - (served ?? before)
          samples[name]!.push({ cpuMicrosPerRequest: cpuMicros / requests, requestsPerSecond: requests / seconds })
          log(
            `round ${round + 1}: ${name.padEnd(10)} ${(cpuMicros / requests).toFixed(1)} µs a request, ${Math.round(requests / seconds)} req/s`,
          )
        }
      }
      return { runs: rounds, figures: figuresOf(samples) }
    } finally {
      server.disconnect()
    }
  },
}

function figuresOf(samples: Readonly<Record<string, readonly Measured[]>>): Readonly<Record<string, unknown>> {
  const cost = (name: string) => samples[name]!.map(sample => sample.cpuMicrosPerRequest)
  const ratio = (ours: string, theirs: string) => {
    const ratios = cost(ours).map((value, round) => value / cost(theirs)[round]!)
    return ratios.some(Number.isNaN) || cost(theirs).length === 0 ? 'not run' : round(median(ratios))
  }
  const spread = (ours: string, theirs: string) =>
    cost(theirs).length === 0
      ? 'not run'
      : cost(ours)
          .map((value, at) => value / cost(theirs)[at]!)
          .sort((a, b) => a - b)
          .map(round)
          .filter((_, at, all) => at === 0 || at === all.length - 1)
          .join(' to ')
  const perSecond = (name: string) =>
    samples[name]!.length === 0 ? 'not run' : Math.round(Math.max(...samples[name]!.map(s => s.requestsPerSecond)))
  return {
    ofAutocannon: ratio('ours', 'autocannon'),
    ofAutocannonSpread: spread('ours', 'autocannon'),
    ofWrk: ratio('ours', 'wrk'),
    ofWrkSpread: spread('ours', 'wrk'),
    ofNodeHttp: ratio('ours', 'node-http'),
    ofNodeHttpSpread: spread('ours', 'node-http'),

    fullOfAutocannon: ratio('full', 'autocannon'),
    fullOfAutocannonSpread: spread('full', 'autocannon'),
    requestsPerSecond: perSecond('ours'),
    requestsPerSecondWrk: perSecond('wrk'),
    microsPerRequest: round(median(cost('ours'))),
    microsPerRequestFull: round(median(cost('full'))),
    microsPerRequestAutocannon: round(median(cost('autocannon'))),
    microsPerRequestWrk: cost('wrk').length === 0 ? 'not run' : round(median(cost('wrk'))),
    microsPerRequestNodeHttp: round(median(cost('node-http'))),
  }
}

function round(value: number): number {
  return Number(value.toPrecision(3))
}

async function runTool(name: string, port: number, seconds: number, seen: () => Promise<number>) {
  const tool = fork(
    fileURLToPath(new URL('load/tool.ts', import.meta.url)),
    [name, `${port}`, `${connections}`, `${seconds}`],
    {
      execArgv: ['--conditions=@whetstone/source', '--import', 'tsx'],
    },
  )
  pin(tool.pid, 1)
  await message(tool)
  const served = await seen()
  tool.send('go')
  const { cpuMicros } = (await message(tool)) as { readonly cpuMicros: number }
  if (tool.exitCode === null) await once(tool, 'exit')
  return { cpuMicros, served }
}

/** CPU time of a child is known to the kernel once it has ended, to a hundredth of a second. */
async function runWrk({ path, env }: ToolBinary, port: number, seconds: number) {
  const before = await childrenCpuMicros()
  const tool = spawn(path, ['-t1', `-c${connections}`, `-d${seconds}s`, `http://127.0.0.1:${port}/items/1`], {
    stdio: 'ignore',
    env: { ...process.env, ...env },
  })
  pin(tool.pid, 1)
  await once(tool, 'exit')
  return { cpuMicros: (await childrenCpuMicros()) - before, served: undefined }
}

async function childrenCpuMicros(): Promise<number> {
  const stat = await readFile('/proc/self/stat', 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[13]) + Number(fields[14])) * TICK_MICROS
}

async function requestsSeen(server: ChildProcess): Promise<number> {
  const answer = message(server)
  server.send('requests')
  return ((await answer) as { readonly requests: number }).requests
}
