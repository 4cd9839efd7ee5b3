/** The flags somebody typed, for the command they may type next: those that mean the same there. */
import { shellWord } from '../command-line.ts'
import { splitWords } from './words.ts'

/** What is sent, to what, and whether it may be. */
const service = [
  ...['--db', '--openapi', '--har', '--access-log', '--route', '--request', '--header', '--login', '--ids', '--seed'],
  ...['--port', '--ready', '--start-timeout', '--allow-host', '--i-own-this'],
]
const generator = [
  ...['--scenario', '--max-rate', '--arrivals', '--pacing', '--workers', '--trace-every'],
  ...['--connections', '--requests-per-connection', '--timeout', '--http2', '--unix-socket'],
  ...['--insecure', '--ca', '--cert', '--key'],
]

/** By what comes next. A search chooses rates and lengths itself; only the same load again keeps its limits and shape. */
export const keptFlags = {
  diagnose: service,
  diagnoseAtRate: [...service, '--rate'],
  search: [...service, ...generator],
  objectiveAgain: [...service, ...generator, '--rate', '--duration', '--warm-up', '--slo'],
  sameSpike: [
    ...service,
    ...generator.filter(flag => flag !== '--workers'),
    ...['--rate', '--peak', '--duration', '--warm-up', '--threshold', '--strict-noise'],
  ],
  sameLoad: [
    ...service,
    ...generator,
    ...['--duration', '--warm-up', '--shape', '--users', '--threshold', '--nats', '--nats-run', '--strict-noise'],
  ],
} as const satisfies Record<string, readonly string[]>

/** Flags of load tests that stand alone; after every other one comes its value. */
export const switches: readonly string[] = [
  ...['--i-own-this', '--http2', '--insecure', '--strict-noise', '--json', '--open', '--verbose', '--no-color'],
]

/** @param commandLine as it was typed, secrets masked: `whetstone load --rate 5 …` */
export function flagsOf(commandLine: string, kept: readonly string[]): string {
  const words = splitWords(commandLine)
  const end = words.indexOf('--')
  const own = end === -1 ? words : words.slice(0, end)
  const taken: string[] = []
  for (let at = 0; at < own.length; at++) {
    const word = own[at]!
    if (!word.startsWith('--')) continue
    const [flag] = word.split('=', 1) as [string]
    const isWhole = word.includes('=') || switches.includes(word)
    const group = isWhole ? [word] : own.slice(at, at + 2)
    if (!isWhole) at++
    if (kept.includes(flag)) taken.push(...group)
  }
  return taken.map(shellWord).join(' ')
}
