/** Load tools that are known to write no latency of any request: what they did must be seen inside the service. */
import { basename } from 'node:path'
import { WhetstoneError } from '@whetstone/model'
import { splitWords } from './words.ts'

/**
 * Before anything is run, for a service that runs already and sends no traces.
 *
 * @throws WhetstoneError WHET_FLAG when the tool of `loadCommand` is known to leave nothing that could be measured
 */
export function assertSeen(loadCommand: string): void {
  const tool = silentTool(loadCommand)
  if (tool === undefined) return
  throw new WhetstoneError('WHET_FLAG', `${tool} writes down no single request, and nothing is seen inside a URL`, {
    hint: [
      `let whetstone start the service: whetstone diagnose --load '${tool} …' -- node server.js`,
      'or send its traces here: --otlp 4318',
      'or take a tool that writes every request: k6 run --out json=$OUT …, jmeter -n -l $OUT …',
    ].join('\n'),
  })
}

/** Undefined for every tool that is not known, which may write more than we can tell. */
function silentTool(loadCommand: string): string | undefined {
  const words = splitWords(loadCommand)
  const at = words.findIndex(word => !BEFORE_A_COMMAND.test(word))
  const tool = basename(words[at] ?? '').replace(/@[\d.]+$|@latest$/, '')
  if (tool === 'ab' || tool === 'autocannon') return tool
  // wrk2 is often called wrk too; it is told by its rate, and writes its whole distribution.
  const hasRate = words.some(word => /^(-R\d*|--rate(=.*)?)$/.test(word))
  return tool === 'wrk' && !hasRate ? tool : undefined
}

const BEFORE_A_COMMAND = /^(env|npx|nice|time|exec|-y|--yes|[A-Za-z_]\w*=.*)$/s
