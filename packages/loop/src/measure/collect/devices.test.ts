import { describe, expect, test } from 'vitest'
import { parseQuota } from './cgroup-limits.ts'
import { deviceFigures, lookAtDevices } from './devices.ts'

const looked = (files: Readonly<Record<string, string>>) => lookAtDevices(name => files[name] ?? '')

const disk = (operations: number, waitedMs: number, busyMs: number) =>
  [
    ` 254 0 vda ${operations} 0 0 ${waitedMs} 0 0 0 0 0 ${busyMs} 0 0 0 0 0 0 0`,
    ` 254 1 vda1 ${operations} 0 0 ${waitedMs} 0 0 0 0 0 ${busyMs} 0 0 0 0 0 0 0`,
    '   7 0 loop0 9 0 0 9 0 0 0 0 0 99999 0 0 0 0 0 0 0',
  ].join('\n')
const tcp = (sent: number, again: number) =>
  `Tcp: RtoMin OutSegs RetransSegs\nTcp: 200 ${sent} ${again}\nUdp: In\nUdp: 1`
const interfaces = (dropped: number) =>
  `Inter-| Receive | Transmit\n face |bytes packets errs drop\n  eth0: 1 1 0 ${dropped} 0 0 0 0 1 1 0 2 0 0 0 0\n`

describe('the devices between two looks', () => {
  test('are the busiest whole disk, the segments sent again, what was dropped and what came back from swap', () => {
    const before = looked({
      diskstats: disk(100, 1_000, 500),
      'net/snmp': tcp(1_000, 5),
      'net/dev': interfaces(3),
      vmstat: 'pswpin 10\npswpout 1\n',
      stat: 'cpu 1\nprocs_running 3\n',
    })
    const now = looked({
      diskstats: disk(150, 2_000, 1_400),
      'net/snmp': tcp(1_200, 9),
      'net/dev': interfaces(8),
      vmstat: 'pswpin 20\npswpout 1\n',
      stat: 'cpu 1\nprocs_running 7\n',
    })
    expect(deviceFigures(before, now, 1_000)).toEqual({
      runnable: 7,
      diskBusyFraction: 0.9,
      diskAwaitMs: 20,
      swapInBytesPerSecond: 40_960,
      retransmitFraction: 0.02,
      droppedPackets: 5,
    })
  })

  test('say nothing where the kernel tells nothing, and no mean time of requests that were not made', () => {
    const nothing = { runnable: undefined, diskBusyFraction: undefined, diskAwaitMs: undefined }
    expect(deviceFigures(looked({}), looked({}), 1_000)).toMatchObject(nothing)
    const idle = looked({ diskstats: disk(100, 1_000, 500), 'net/snmp': tcp(5, 1) })
    expect(deviceFigures(idle, idle, 1_000)).toMatchObject({
      diskBusyFraction: 0,
      diskAwaitMs: undefined,
      retransmitFraction: undefined,
    })
  })
})

test.each([
  ['150000 100000', 1.5],
  ['max 100000', undefined],
  ['-1 100000', undefined],
  ['', undefined],
])('a quota of CPU time of %j is %s cores', (text, cores) => expect(parseQuota(text)).toBe(cores))
