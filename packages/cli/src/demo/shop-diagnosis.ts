/** Measures and judges the shop as any other service: nothing here knows its faults. */
import { diagnose, type Diagnosis } from '@whetstone/loop'
import type { Workload } from '@whetstone/model'
import type { FaultId } from '@whetstone/shop'
import { baseFolder, type CommandContext } from '../context.ts'
import { progressPrinter } from '../terminal/progress.ts'
import type { ShopStand } from './shop-stand.ts'

/** About half of what the slow shop can answer on two cores: below saturation, so that latencies compare. */
export const demoRatePerSecond = 45
const measuredMs = 12_000
const warmUpMs = 2_000

export interface ShopDiagnosisOptions {
  readonly shop: ShopStand
  readonly fixes: readonly FaultId[]
  readonly workload: Workload
  readonly seed: number
  readonly context: CommandContext
}

export async function diagnoseShop({ shop, fixes, workload, seed, context }: ShopDiagnosisOptions): Promise<Diagnosis> {
  const fixed = fixes.length > 0
  const databaseUrl = await shop.databaseFor(fixed ? 'shop_remedied' : 'shop_slow', fixes)
  const { command, env } = shop.command(databaseUrl, fixes)
  const diagnosis = await diagnose({
    subject: { kind: 'command', command, env, workingDirectory: context.workingDirectory },
    plan: async () => workload,
    databaseUrl,
    ratePerSecond: demoRatePerSecond,
    durationMs: measuredMs,
    warmUpMs,
    seed,
    readyPath: '/healthz',
    scratch: async () => shop.postgres,
    base: baseFolder(context),
    root: context.workingDirectory,
    name: fixed ? 'the fixed shop' : 'the slow shop',
    command: 'whetstone demo',
    tool: context.toolVersion,
    now: context.now,
    onProgress: progressPrinter(context.terminal, () => performance.now()),
    signal: context.signal,
  })
  context.runSaved(diagnosis.report.run.id)
  return diagnosis
}
