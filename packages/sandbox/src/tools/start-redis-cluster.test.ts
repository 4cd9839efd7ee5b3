import { expect, it } from 'vitest'
import { askPort } from './ask-port.ts'
import { startRedisCluster } from './start-redis-cluster.ts'

it(
  'every slot has a master, every node knows which, and two keys of two nodes are refused',
  { timeout: 400_000 },
  async context => {
    // Yours is left alone: a cluster is never made of it.
    const cluster = await startRedisCluster({ ...process.env, WHETSTONE_REDIS_URL: 'redis://127.0.0.1:1' })
    if (cluster.kind === 'not-available') return context.skip(`not run: ${cluster.reason}`)
    try {
      const [one, two, three] = cluster.ports as [number, number, number]
      expect(new Set([one, two, three]).size).toBe(3)
      for (const port of cluster.ports)
        expect(await askPort(port, 'CLUSTER INFO\r\n', /cluster_slots_ok:\d+\r\n/)).toContain(
          'cluster_slots_ok:16384\r\n',
        )
      // The slots of `a`, `b` and `c` are 15495, 3300 and 7365.
      expect(await askPort(one, 'SET b 1\r\n', /\r\n/)).toBe('+OK\r\n')
      expect(await askPort(one, 'SET a 1\r\n', /\r\n/)).toBe(`-MOVED 15495 127.0.0.1:${three}\r\n`)
      expect(await askPort(two, 'MGET a b\r\n', /\r\n/)).toMatch(/^-CROSSSLOT/)
    } finally {
      await cluster.stop()
    }
    for (const port of cluster.ports)
      await expect(askPort(port, 'PING\r\n', /\r\n/)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  },
)
