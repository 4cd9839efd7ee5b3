/** One remedy after another on the shop, each rung measured in a fresh process without the probe. */
import { quantileMs, startTarget } from '@whetstone/loop'
import { loadTarget, run as runLoad } from '@whetstone/load'
import type { LadderStep, RunReport, Workload } from '@whetstone/model'
import type { FaultId } from '@whetstone/shop'
import type { CommandContext } from '../context.ts'
import { progressPrinter } from '../terminal/progress.ts'
import type { ShopStand } from './shop-stand.ts'

export interface LadderOptions {
  readonly shop: ShopStand
  readonly order: readonly FaultId[]
  readonly workload: Workload
  readonly ratePerSecond: number
  readonly seed: number
  readonly first: RunReport
  readonly context: CommandContext
}

const rungMs = 1_300
const warmUpMs = 700

export async function climbLadder(options: LadderOptions): Promise<LadderStep[]> {
  const { shop, order, context } = options
  const onProgress = progressPrinter(context.terminal, () => performance.now())
  onProgress({ kind: 'stage', stage: 'ladder', detail: `${order.length} remedies, one after another` })
  const steps: LadderStep[] = []
  const database = 'shop_ladder'
  for (let rung = 0; rung <= order.length; rung++) {
    const fixes = order.slice(0, rung)
    const added = order[rung - 1]
    const databaseUrl = await shop.databaseFor(database, fixes)
    steps.push({
      label: added ?? 'as it was',
      ...(added ? { practice: added } : {}),
      ...(await measureRung(options, databaseUrl, fixes)),
    })
    onProgress({ kind: 'block', done: rung + 1, total: order.length + 1, label: '' })
  }
  return steps
}

async function measureRung(
  { shop, workload, ratePerSecond, seed, context }: LadderOptions,
  databaseUrl: string,
  fixes: readonly FaultId[],
) {
  const target = await startTarget({ ...shop.command(databaseUrl, fixes), signal: context.signal })
  try {
    const { measure } = await runLoad(
      {
        target: loadTarget(new URL(target.baseUrl)),
        routes: workload.routes,
        ratePerSecond,
        durationMs: rungMs,
        warmUpMs,
        arrivals: 'poisson',
        seed,
        maxConnections: 64,
        timeoutMs: 10_000,
      },
      { signal: context.signal },
    )
    context.signal.throwIfAborted()
    const { response } = measure.overall
    return {
      p50Ms: quantileMs(response, 0.5),
      p95Ms: quantileMs(response, 0.95),
      p99Ms: quantileMs(response, 0.99),
      requests: measure.completed,
    }
  } finally {
    await target.stop()
  }
}
