/** What choosing a server costs: the same statements through a set of replicas and straight to a pool that answers at once. */
import { withRequestScope } from '@whetstone/runtime'
import { ReplicaSet, type Queryable, type Statement } from '@whetstone/runtime/data'
import { median } from '@whetstone/stats'
import type { OverheadPart } from '../data-overhead.ts'

const text = 'select id, name from item where id = $1'
/** Statements under way at once, as a busy service has them. */
const workers = 10

export const routerOverhead: OverheadPart = {
  name: 'router',
  async measure({ quick, log }) {
    const [rounds, queries] = quick ? [3, 2_000] : [21, 20_000]
    const pools = { primary: instant(false), one: instant(true), two: instant(true) }
    const set = new ReplicaSet<Queryable>(pools)
    try {
      await set.ready
      const straight = async () => await pools.one.query(text, [1])
      const costs: { read: number; query: number; straight: number }[] = []
      // Within a session that has written, as the dearest statement is: its place is compared with every replica's.
      await withRequestScope(async () => {
        await set.write('update item set name = $1', ['x'])
        for (let round = -2; round < rounds; round++) {
          const turn = {
            straight: await cpuMicros(straight, queries),
            query: await cpuMicros(async () => await set.query(text, [1]), queries),
            read: await cpuMicros(async () => await set.read(text, [1]), queries),
          }
          // The first two warm up.
          if (round >= 0) costs.push(turn)
        }
      })
      const query = median(costs.map(turn => turn.query - turn.straight))
      log(`${query.toFixed(1)} µs of CPU a query, ${set.state.counters.replica} on replicas`)
      return {
        rounds,
        figures: {
          routerMicros: Number(query.toPrecision(3)),
          routerReadMicros: Number(median(costs.map(turn => turn.read - turn.straight)).toPrecision(3)),
        },
      }
    } finally {
      set.close()
    }
  },
}

/** A server without a network: what is measured is what stands before it. */
function instant(recovering: boolean): Queryable {
  const row = { recovering, version: 180_004, lsn: '0/3000060', timeline: 1, age: 0 }
  return {
    query: async (_statement: string | Statement) =>
      await Promise.resolve({ rows: [row], rowCount: 1, command: 'SELECT', oid: 0, fields: [] } as never),
  }
}

async function cpuMicros(statement: () => Promise<unknown>, queries: number): Promise<number> {
  const before = process.cpuUsage()
  await Promise.all(
    Array.from({ length: workers }, async () => {
      for (let sent = 0; sent < queries; sent += workers) await statement()
    }),
  )
  const { user, system } = process.cpuUsage(before)
  return (user + system) / queries
}
