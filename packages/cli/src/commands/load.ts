/** `whetstone load`: sends requests when they are due, times them from then on, and says whether that can be believed. */
import { cpus } from 'node:os'
import { relative } from 'node:path'
import { type LoadPlan, run } from '@whetstone/load'
import type { LoadReport } from '@whetstone/model'
import { baseFolder, type CommandContext } from '../context.ts'
import { openInBrowser } from '../terminal/open.ts'
import { loadProgress } from '../terminal/print-load-progress.ts'
import { printLoadStep, printLoadVerdict } from '../terminal/print-load.ts'
import { printNext } from '../terminal/print-next.ts'
import { loadId, saveLoad } from './load-folder.ts'
import type { LoadOptions } from './load-options.ts'
import { loadReport, stepsOf } from './load-report.ts'
import { openService, type LoadService } from './load-service.ts'

export async function loadCommand(
  words: readonly string[],
  options: LoadOptions,
  context: CommandContext,
): Promise<number> {
  const startedAt = context.now()
  const began = performance.now()
  const service = await openService('load', words, options, context)
  try {
    const result = await run(planOf(service, options), {
      signal: context.signal,
      onInterval: loadProgress(context.terminal, () => performance.now()),
    })
    const report = loadReport({
      kind: 'load',
      run: {
        id: loadId(startedAt),
        startedAt: startedAt.toISOString(),
        durationMs: performance.now() - began,
        command: context.commandLine,
        tool: context.toolVersion,
        node: process.version,
        machine: machineName(),
        seed: options.seed,
      },
      target: { name: service.name, url: service.url },
      scenario: { name: 'requests', source: 'requests' },
      steps: stepsOf(result),
      thresholds: [],
      stopped: result.stopped,
      strictNoise: options.strictNoise ?? false,
    })
    return await present(report, options, context)
  } finally {
    await service.close()
  }
}

function planOf(service: LoadService, options: LoadOptions): LoadPlan {
  return {
    target: service.target,
    routes: service.routes,
    ratePerSecond: options.rate,
    durationMs: options.duration,
    warmUpMs: options.warmUp,
    arrivals: options.arrivals,
    seed: options.seed,
    maxConnections: options.connections,
    timeoutMs: options.timeout,
    pacing: options.pacing,
    ...(options.requestsPerConnection === undefined
      ? {}
      : { connections: { requestsPerConnection: options.requestsPerConnection } }),
    ...(options.traceEvery === undefined ? {} : { traceEvery: options.traceEvery }),
  }
}

async function present(report: LoadReport, options: LoadOptions, context: CommandContext): Promise<number> {
  const page = await saveLoad(baseFolder(context), report)
  context.runSaved(report.run.id)
  const { terminal } = context
  if (options.json) context.json(report)
  else {
    const measured = report.steps.find(({ purpose }) => purpose === 'measure')
    if (measured) printLoadStep(measured, terminal)
    printLoadVerdict(report, terminal)
    terminal.out()
    terminal.out(`  ${report.verdict}. Page: ${relative(context.workingDirectory, page)}`)
    printNext('whetstone history', terminal)
  }
  if (options.open) openInBrowser(page)
  return report.exitCode
}

function machineName(): string {
  const list = cpus()
  return `${list.length} cores, ${list[0]?.model.trim() ?? 'unknown CPU'}, ${process.platform} ${process.arch}`
}
