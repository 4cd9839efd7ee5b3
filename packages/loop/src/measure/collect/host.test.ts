import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { describe, expect, test } from 'vitest'
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

describe('startHostCollector', () => {
  test.runIf(process.platform === 'linux')('counts the CPU that the child of a watched process burns', async () => {
    const burn =
      "process.stdin.once('data',()=>{const c=process.cpuUsage();const used=()=>{const u=process.cpuUsage(c);return u.user+u.system};while(used()<4e5);console.log('burnt');setInterval(()=>{},1e4)})"
    const parent = `const c=require('child_process').spawn(process.execPath,['-e',${JSON.stringify(burn)}],{stdio:'inherit'});c.on('spawn',()=>console.log('up'))`
    const child = spawn(process.execPath, ['-e', parent], { detached: true })
    await once(child.stdout, 'data')
    const collector = startHostCollector({ databasePids: () => [child.pid!], intervalMs: 100 })
    const startedAtMs = performance.timeOrigin + performance.now()
    child.stdin.write('go')
    await once(child.stdout, 'data')
    const { samples, cores } = collector.finish()
    process.kill(-child.pid!, 'SIGKILL')
    await once(child, 'exit')
    let cpuMs = 0
    let fromMs = startedAtMs
    for (const sample of samples) {
      cpuMs += (sample.databaseCpuCores ?? 0) * (sample.atMs - fromMs)
      fromMs = sample.atMs
      expect(sample).not.toHaveProperty('targetCpuCores')
      expect(sample.cpuBusyFraction).toBeGreaterThanOrEqual(0)
      expect(sample.cpuBusyFraction).toBeLessThanOrEqual(1)
    }
    expect(cores).toBeGreaterThan(0)
    // 400 ms were burnt; the rest is Node starting, and a tick is 10 ms.
    expect(cpuMs).toBeGreaterThan(300)
    expect(cpuMs).toBeLessThan(900)
  })

  test('keeps only the newest samples and finishes twice alike', async () => {
    const collector = startHostCollector({ intervalMs: 5, maxSamples: 3 })
    for (let turn = 0; turn < 15; turn++) await new Promise(resolve => setTimeout(resolve, 6))
    const first = collector.finish()
    expect(first.samples.length).toBeLessThanOrEqual(4)
    expect(first.samples[0]).not.toHaveProperty('targetCpuCores')
    expect(collector.finish().samples).toEqual(first.samples)
  })
})
