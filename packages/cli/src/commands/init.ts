/** `whetstone init`: writes a commented whetstone.config.ts; asks on a terminal, takes defaults elsewhere. Never overwrites. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline/promises'
import { WhetstoneError } from '@whetstone/model'
import type { CommandContext } from '../context.ts'
import { printNext } from '../terminal/print-next.ts'

export async function initCommand(options: { readonly yes?: boolean }, context: CommandContext): Promise<void> {
  const answers = options.yes || !process.stdin.isTTY ? defaults : await askAll(context.signal)
  const file = join(context.workingDirectory, 'whetstone.config.ts')
  try {
    await writeFile(file, configText(answers), { flag: 'wx' })
  } catch (cause) {
    throw new WhetstoneError('WHET_CONFIG_EXISTS', 'whetstone.config.ts is already here', {
      cause,
      hint: 'Edit it, or remove it first.',
    })
  }
  context.terminal.out('  Wrote whetstone.config.ts')
  printNext(`whetstone diagnose -- ${answers.command}`, context.terminal)
}

interface Answers {
  readonly command: string
  readonly route: string
  readonly p95: string
  readonly errors: string
}
export const defaults: Answers = { command: 'node server.js', route: '*', p95: '200ms', errors: '0.1%' }

async function askAll(signal: AbortSignal): Promise<Answers> {
  const lines = createInterface({ input: process.stdin, output: process.stderr })
  const ask = async (question: string, fallback: string) =>
    (await lines.question(`  ${question} (${fallback}) `, { signal })).trim() || fallback
  try {
    return {
      command: await ask('How is the service started?', defaults.command),
      route: await ask('Which route must stay fast? * for all', defaults.route),
      p95: await ask('How fast, p95?', defaults.p95),
      errors: await ask('How many errors at most?', defaults.errors),
    }
  } finally {
    lines.close()
  }
}

export function configText({ command, route, p95, errors }: Answers): string {
  return `import { defineConfig } from 'whetstone'

// whetstone diagnose -- ${command}
export default defineConfig({
  // Broken budgets end \`diagnose\` with exit code 1, those that cannot be judged with 4.
  budgets: { ${JSON.stringify(route)}: { p95: ${JSON.stringify(p95)}, errors: ${JSON.stringify(errors)} } },
  // 'off', or thresholds: whetstone explain n-plus-one lists them.
  practices: {},
})
`
}
