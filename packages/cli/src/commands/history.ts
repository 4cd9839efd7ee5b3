/** `whetstone history`: the runs of this folder, oldest first. */
import { readIndex } from '@whetstone/loop'
import { countText, msText } from '@whetstone/model'
import { baseFolder, type CommandContext } from '../context.ts'
import { printNext } from '../terminal/print-next.ts'

export async function historyCommand(options: { readonly json?: boolean }, context: CommandContext): Promise<void> {
  const entries = await readIndex(baseFolder(context))
  if (options.json) return context.json(entries)
  const { terminal } = context
  if (entries.length === 0) {
    terminal.out('  No runs here yet.')
    return printNext('whetstone diagnose -- node server.js', terminal)
  }
  for (const entry of entries.slice(-30)) {
    // As many as the run itself said, notes included.
    const findings = `${countText(entry.findings.length)} ${entry.findings.length === 1 ? 'finding' : 'findings'}`
    terminal.out(
      `  ${entry.id}  p50 ${msText(entry.p50Ms).padStart(7)}  p95 ${msText(entry.p95Ms).padStart(7)}  ${findings.padStart(11)}  ${entry.target}${entry.interrupted ? '  (interrupted)' : ''}`,
    )
  }
  printNext(`whetstone report ${entries.at(-1)?.id}`, terminal)
}
