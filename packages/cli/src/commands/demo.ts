/** `whetstone demo`: the whole cycle on the slow shop, from nothing installed to a proved gain. */
import { relative } from 'node:path'
import { renderReport } from '@whetstone/dashboard'
import { type RunFolder, withTrial } from '@whetstone/loop'
import { type LadderStep, msText, type RunReport, type TrialResult, type Workload } from '@whetstone/model'
import { seededRandom } from '@whetstone/stats'
import type { FaultId } from '@whetstone/shop'
import type { CommandContext } from '../context.ts'
import { climbLadder } from '../demo/ladder.ts'
import { demoRatePerSecond, diagnoseShop } from '../demo/shop-diagnosis.ts'
import { openShop } from '../demo/shop-stand.ts'
import { tryFixedShop } from '../demo/shop-trial.ts'
import { openInBrowser } from '../terminal/open.ts'
import { printNext } from '../terminal/print-next.ts'
import { printCoverage, printFindings, printRoutes } from '../terminal/print-report.ts'
import { printTrial } from '../terminal/print-trial.ts'
import { seconds } from '../terminal/quantity.ts'

export interface DemoOptions {
  readonly json?: boolean
  readonly open: boolean
  readonly fixed?: boolean
  readonly seed: number
}

export async function demoCommand(options: DemoOptions, context: CommandContext): Promise<number> {
  const { terminal } = context
  const began = performance.now()
  terminal.progress('  Starting a slow shop on a PostgreSQL of its own')
  const shop = await openShop()
  try {
    const { faults, shopWorkload } = await import('@whetstone/shop')
    const all = faults.map(fault => fault.id)
    const workload: Workload = { routes: shopWorkload(seededRandom(options.seed)), skipped: [] }
    terminal.progress(
      `                  PostgreSQL 18, ${shop.rows.toLocaleString('en-US')} rows   ${seconds(performance.now() - began)}`,
    )
    const diagnosis = await diagnoseShop({
      shop,
      fixes: options.fixed ? all : [],
      workload,
      seed: options.seed,
      context,
    })
    const { report, folder } = diagnosis
    if (!options.json) {
      printRoutes(report, terminal)
      printFindings(report, terminal)
    }
    if (options.fixed) return await finish(report, folder, options, context)
    const order = applyOrder(report, all)
    const ladder = await climbLadder({
      shop,
      order,
      workload,
      ratePerSecond: demoRatePerSecond,
      seed: options.seed,
      first: report,
      context,
    })
    const trial = await tryFixedShop({
      shop,
      fixes: all,
      workload,
      ratePerSecond: demoRatePerSecond,
      seed: options.seed,
      context,
    })
    const proved = withTrial(diagnosis, { trial, ladder })
    if (!options.json) printGain(trial, ladder, context)
    await folder.writeEvidence(proved.evidence)
    const durationMs = performance.now() - began
    return await finish({ ...proved.report, run: { ...report.run, durationMs } }, folder, options, context)
  } finally {
    await shop.close()
  }
}

/** Remedies in the order the findings rank them; what was not found comes last. */
function applyOrder(report: RunReport, all: readonly FaultId[]): readonly FaultId[] {
  const rank = (id: FaultId) => {
    const at = report.findings.findIndex(
      finding => finding.practice === id || finding.also.some(also => also.practice === id),
    )
    return at < 0 ? Number.MAX_SAFE_INTEGER : at
  }
  return all.toSorted((a, b) => rank(a) - rank(b))
}

function printGain(trial: TrialResult, ladder: readonly LadderStep[], context: CommandContext): void {
  const { terminal } = context
  terminal.out()
  terminal.out('  One remedy after another')
  for (const step of ladder)
    terminal.out(
      `    ${step.label.padEnd(26)} p50 ${msText(step.p50Ms).padStart(7)}   p95 ${msText(step.p95Ms).padStart(7)}`,
    )
  printTrial(trial, terminal)
  const p95 = trial.metrics.find(metric => metric.route === 'overall' && metric.name === 'p95Ms')
  if (p95 && trial.verdict === 'better') {
    const { estimate, low, high } = p95.ratio
    terminal.out(
      `  ${terminal.colour.bold(`${(1 / estimate).toFixed(1)} times faster at p95`)} (95 % interval ${(1 / high).toFixed(1)} to ${(1 / low).toFixed(1)})`,
    )
  }
}

async function finish(
  report: RunReport,
  folder: RunFolder,
  options: DemoOptions,
  context: CommandContext,
): Promise<number> {
  await folder.writeReport(report)
  const file = await folder.writeFile('report.html', renderReport(report))
  if (options.json) context.json(report)
  else {
    printCoverage(report, context.terminal)
    context.terminal.out()
    context.terminal.out(
      `  Report: ${relative(context.workingDirectory, file)}   ${seconds(report.run.durationMs)} in all`,
    )
    printNext('whetstone diagnose -- node server.js', context.terminal)
  }
  if (options.open && !options.json && process.stdout.isTTY) openInBrowser(file)
  return report.exitCode
}
