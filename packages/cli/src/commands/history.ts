/** `whetstone history`: the runs of this folder, oldest first. */
import { readIndex } from '@whetstone/loop'
import { baseFolder, type CommandContext } from '../context.ts'
import { milliseconds } from '../terminal/quantity.ts'

export async function historyCommand(options: { readonly json?: boolean }, context: CommandContext): Promise<void> {
  const entries = await readIndex(baseFolder(context))
  if (options.json) return context.json(entries)
  const { terminal } = context
  if (entries.length === 0) {
    terminal.out('  No runs here yet.')
    terminal.out('  Next: whetstone diagnose -- node server.js')
    return
  }
  for (const entry of entries.slice(-30)) {
    const findings = entry.findings.filter(finding => finding.severity !== 'info').length
    terminal.out(
      `  ${entry.id}  p50 ${milliseconds(entry.p50Ms).padStart(8)}  p95 ${milliseconds(entry.p95Ms).padStart(8)}  ${findings} findings  ${entry.target}${entry.interrupted ? '  (interrupted)' : ''}`,
    )
  }
  terminal.out(`  Next: whetstone report ${entries.at(-1)?.id}`)
}
