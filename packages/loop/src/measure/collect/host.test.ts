import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { startHostCollector } from './host.ts'
import {
  familyOf,
  parseCpuTicks,
  parseListeningSockets,
  parseMemoryAvailableBytes,
  parsePressureMicroseconds,
  parseProcessStat,
  ticksBetween,
} from './proc-files.ts'

describe('proc files', () => {
  test('CPU ticks leave guest time out, because user time holds it already', () => {
    expect(parseCpuTicks('cpu  10 1 5 80 2 1 1 3 7 0\ncpu0 1 1 1 1 1 1 1 1 0 0\n')).toEqual({
      total: 103,
      idle: 80,
      ioWait: 2,
      steal: 3,
    })
    expect(parseCpuTicks('')).toBeUndefined()
  })

  test('a command with spaces and parentheses does not shift the fields', () => {
    const stat = '4242 (node (a) b) S 17 4242 4242 0 -1 4194560 1 0 0 0 300 45 0 0 20 0 11 0 100 0 0'
    expect(parseProcessStat(stat)).toEqual({ pid: 4242, parentPid: 17, cpuTicks: 345 })
    expect(parseProcessStat('')).toBeUndefined()
    expect(parseProcessStat('12 (x) R')).toBeUndefined()
  })

  test('memory and pressure are read where the kernel tells them', () => {
    expect(parseMemoryAvailableBytes('MemTotal: 8 kB\nMemAvailable:    2048 kB\n')).toBe(2_097_152)
    expect(parseMemoryAvailableBytes('MemTotal: 8 kB')).toBeUndefined()
    expect(parsePressureMicroseconds('some avg10=0.00 avg60=0.00 avg300=0.00 total=91234\nfull avg10=0 total=5')).toBe(
      91_234,
    )
    expect(parsePressureMicroseconds('')).toBeUndefined()
  })

  test('a tree holds the children of children and nobody else, and survives a loop of parents', () => {
    const processes = [
      { pid: 1, parentPid: 0, cpuTicks: 0 },
      { pid: 10, parentPid: 1, cpuTicks: 1 },
      { pid: 11, parentPid: 10, cpuTicks: 2 },
      { pid: 12, parentPid: 11, cpuTicks: 3 },
      { pid: 20, parentPid: 1, cpuTicks: 4 },
      { pid: 30, parentPid: 31, cpuTicks: 0 },
      { pid: 31, parentPid: 30, cpuTicks: 0 },
    ]
    const pids = (roots: number[]): number[] =>
      familyOf(roots, processes)
        .map(({ pid }) => pid)
        .sort((a, b) => a - b)
    expect(pids([10])).toEqual([10, 11, 12])
    expect(pids([30])).toEqual([30, 31])
    expect(pids([99])).toEqual([])
  })

  test('a listening socket has the address it was bound to', () => {
    const table = (local: string, state: string, inode: number) =>
      `   0: ${local} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000     0        0 ${inode} 1 0 100 0 0 10 0`
    expect(
      parseListeningSockets(
        [
          '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode',
          table('0100007F:0BB8', '0A', 11),
          table('00000000:1F90', '0A', 12),
          table('0100007F:0BB8', '01', 13),
          table('00000000000000000000000001000000:0BB8', '0A', 14),
          table('00000000000000000000000000000000:0BB9', '0A', 15),
          table('0000000000000000FFFF00000100007F:0BBA', '0A', 16),
          table('B80D0120000000000000000001000000:0BBB', '0A', 17),
          '',
        ].join('\n'),
      ),
    ).toEqual([
      { address: '127.0.0.1', port: 3_000, inode: '11' },
      { address: '0.0.0.0', port: 8_080, inode: '12' },
      { address: '::1', port: 3_000, inode: '14' },
      { address: '::', port: 3_001, inode: '15' },
      { address: '127.0.0.1', port: 3_002, inode: '16' },
      { address: '2001:db8::1', port: 3_003, inode: '17' },
    ])
  })

  test('a process first seen now adds nothing yet', () => {
    const now = [
      { pid: 1, parentPid: 0, cpuTicks: 150 },
      { pid: 2, parentPid: 0, cpuTicks: 9000 },
    ]
    expect(ticksBetween(new Map([[1, 100]]), now)).toBe(50)
  })
})

/** Says what the system has billed it so far; asked to spend, it first spends a third of a second and says what that was billed. */
const spender = `
  const billedMs = () => {
    const { user, system } = process.cpuUsage()
    return (user + system) / 1000
  }
  process.stdin.on('data', order => {
    const fromMs = billedMs()
    const isSpending = String(order) === 'spend'
    while (isSpending && billedMs() < fromMs + 300) for (let step = 0; step < 1e6; step++);
    console.log(isSpending ? billedMs() - fromMs : fromMs)
  })
  console.log('ready')
`
/** The files count user and system time in ticks of 10 ms, and each may be a part short at both ends. */
const roundingMs = 20

describe('startHostCollector', () => {
  // The sampler's clock only: how long the machine takes for anything must not matter.
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] }))
  afterEach(() => void vi.useRealTimers())

  test.runIf(process.platform === 'linux')('counts the CPU that the child of a watched process burns', async () => {
    // With a command to follow the shell stays, and is the parent that is watched.
    const shell = spawn('sh', ['-c', '"$0" -e "$1"; exit', process.execPath, spender], { detached: true })
    const word = async (): Promise<string> => String((await once(shell.stdout, 'data'))[0])
    const ask = async (order: string): Promise<number> => {
      shell.stdin.write(order)
      return Number(await word())
    }
    await word()
    const outerFromMs = await ask('bill')
    const collector = startHostCollector({ databasePids: () => [shell.pid!] })
    const innerMs = await ask('spend')
    vi.advanceTimersByTime(1_500)
    const { samples, cores } = collector.finish()
    const outerMs = (await ask('bill')) - outerFromMs
    process.kill(-shell.pid!, 'SIGKILL')
    await once(shell, 'exit')
    const [first, last] = samples
    expect(samples).toHaveLength(2)
    expect(last!.atMs - first!.atMs).toBe(500)
    for (const sample of samples) {
      expect(sample).not.toHaveProperty('targetCpuCores')
      expect(sample.cpuBusyFraction).toBeGreaterThanOrEqual(0)
      expect(sample.cpuBusyFraction).toBeLessThanOrEqual(1)
    }
    expect(cores).toBeGreaterThan(0)
    const cpuMs = first!.databaseCpuCores! * 1_000 + last!.databaseCpuCores! * 500
    expect(cpuMs).toBeGreaterThan(innerMs - roundingMs)
    expect(cpuMs).toBeLessThan(outerMs + roundingMs)
  })

  test('keeps only the newest samples, and the one of the end, and finishes twice alike', () => {
    const startedAtMs = performance.timeOrigin + performance.now()
    const collector = startHostCollector({ maxSamples: 3 })
    vi.advanceTimersByTime(5_500)
    const first = collector.finish()
    expect(first.samples.map(({ atMs }) => atMs - Math.round(startedAtMs))).toEqual([3_000, 4_000, 5_000, 5_500])
    expect(first.samples[0]).not.toHaveProperty('targetCpuCores')
    vi.advanceTimersByTime(5_000)
    expect(collector.finish()).toEqual(first)
  })
})
