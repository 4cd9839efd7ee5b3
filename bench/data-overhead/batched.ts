/** What a key costs in `batched` and in DataLoader: the same hundred keys, the same answers, in turns. */
import { batched } from '@whetstone/runtime/batch'
import { withRequestScope } from '@whetstone/runtime'
import { median } from '@whetstone/stats'
import DataLoader from 'dataloader'
import type { OverheadPart } from '../data-overhead.ts'

const keys = Array.from({ length: 100 }, (_, key) => key)
const rows = keys.map(id => ({ id, name: `user ${id}` }))
const load = async (asked: readonly number[]) => asked.map(key => rows[key]!)

const shared = batched(load, { scope: 'shared' })
const ofRequest = batched(load)

// A loader for each request, as its manual says: its cache must not outlive the request.
async function dataLoader(): Promise<void> {
  const loader = new DataLoader(load)
  await Promise.all(keys.map(key => loader.load(key)))
}

async function ask(service: typeof shared): Promise<void> {
  await Promise.all(keys.map(key => service(key)))
}

/** Nanoseconds of CPU a key; each ratio is of neighbours in time, so that a busy machine slows both. The bar for the worse of both ratios is 1.1. */
export const batchedOverhead: OverheadPart = {
  name: 'batched',
  async measure({ quick, log }) {
    const [rounds, requests] = quick ? [5, 1_000] : [21, 2_000]
    const alone = await inTurns(rounds, requests, () => ask(shared), dataLoader)
    // Last, because once a request scope was opened every promise of the process is followed, whoever makes it.
    const scoped = await inTurns(
      rounds,
      requests,
      () => withRequestScope(() => ask(ofRequest)),
      () => withRequestScope(dataLoader),
    )
    log(`over DataLoader ${alone.ratio.toFixed(3)} shared, ${scoped.ratio.toFixed(3)} in request scopes`)
    return {
      rounds,
      figures: {
        batchedOfDataLoader: Number(Math.max(alone.ratio, scoped.ratio).toPrecision(3)),
        batchedSharedNs: Math.round(alone.oursNs),
        dataLoaderNs: Math.round(alone.theirsNs),
        batchedInScopeNs: Math.round(scoped.oursNs),
        dataLoaderInScopeNs: Math.round(scoped.theirsNs),
      },
    }
  },
}

async function inTurns(rounds: number, requests: number, ours: () => Promise<void>, theirs: () => Promise<void>) {
  const costs: { ours: number; theirs: number }[] = []
  for (let round = -1; round < rounds; round++) {
    const oursFirst = round % 2 === 0
    const first = await cpuNsPerKey(oursFirst ? ours : theirs, requests)
    const second = await cpuNsPerKey(oursFirst ? theirs : ours, requests)
    // The first round warms up.
    if (round >= 0) costs.push(oursFirst ? { ours: first, theirs: second } : { ours: second, theirs: first })
  }
  return {
    ratio: median(costs.map(cost => cost.ours / cost.theirs)),
    oursNs: median(costs.map(cost => cost.ours)),
    theirsNs: median(costs.map(cost => cost.theirs)),
  }
}

async function cpuNsPerKey(request: () => Promise<void>, requests: number): Promise<number> {
  const before = process.cpuUsage()
  for (let at = 0; at < requests; at++) await request()
  const { user, system } = process.cpuUsage(before)
  return ((user + system) * 1_000) / requests / keys.length
}
