/** The proof: the slow and the fixed shop in turn, fresh processes, random order. */
import { commandArm, loadBlock, runTrial } from '@whetstone/loop'
import { run as runLoad } from '@whetstone/load'
import type { TrialResult, Workload } from '@whetstone/model'
import type { FaultId } from '@whetstone/shop'
import type { CommandContext } from '../context.ts'
import { progressPrinter } from '../terminal/progress.ts'
import type { ShopStand } from './shop-stand.ts'

export interface ShopTrialOptions {
  readonly shop: ShopStand
  readonly fixes: readonly FaultId[]
  readonly workload: Workload
  readonly ratePerSecond: number
  readonly seed: number
  readonly context: CommandContext
}

const pairs = 14
const blockMs = 1_000
const warmUpMs = 900

export async function tryFixedShop({
  shop,
  fixes,
  workload,
  ratePerSecond,
  seed,
  context,
}: ShopTrialOptions): Promise<TrialResult> {
  const onProgress = progressPrinter(context.terminal, () => performance.now())
  onProgress({ kind: 'stage', stage: 'trial', detail: `${pairs} pairs, slow and fixed in turn, random order` })
  const [slow, fixed] = [await shop.databaseFor('shop_a', []), await shop.databaseFor('shop_b', fixes)]
  return runTrial({
    arms: {
      a: commandArm('slow shop', { ...shop.command(slow, []), countsQueries: true }),
      b: commandArm('fixed shop', { ...shop.command(fixed, fixes), countsQueries: true }),
    },
    workload,
    measureBlock: loadBlock({ runLoad }),
    ratePerSecond,
    seed,
    pairs,
    blockMs,
    warmUpMs,
    onProgress: ({ done, planned }) => onProgress({ kind: 'block', done, total: planned, label: '' }),
    signal: context.signal,
  })
}
