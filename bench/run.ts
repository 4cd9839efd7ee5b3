/** Runs one benchmark, or all: progress to stderr, the figures as one JSON object or a table to stdout. */
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { cpus, totalmem } from 'node:os'

/** What every file here exports as `bench`. */
export interface Bench {
  readonly name: string
  run(options: {
    readonly quick: boolean
    log(line: string): void
  }): Promise<{ readonly runs: number; readonly figures: Readonly<Record<string, unknown>> }>
}

const words = process.argv.slice(2)
const flags = { json: words.includes('--json'), quick: words.includes('--quick') }
const name = words.find(word => !word.startsWith('--'))
const folder = new URL('.', import.meta.url)
const known = (await readdir(folder))
  .filter(file => file.endsWith('.ts') && file !== 'run.ts' && !file.endsWith('.test.ts'))
  .map(file => file.slice(0, -3))

if (name === undefined || (name !== 'all' && !known.includes(name))) {
  process.stderr.write(`usage: npm run -s bench -- <name> [--json] [--quick]\nnames: all, ${known.join(', ')}\n`)
  process.exit(2)
}
const machine = {
  cores: cpus().length,
  cpu: cpus()[0]?.model ?? 'unknown',
  memoryBytes: totalmem(),
  node: process.version,
}
for (const one of name === 'all' ? known : [name]) {
  const { bench } = (await import(new URL(`${one}.ts`, folder).href)) as { bench: Bench }
  const result = {
    bench: bench.name,
    machine,
    ...(await bench.run({ quick: flags.quick, log: line => process.stderr.write(`${line}\n`) })),
  }
  if (flags.json) process.stdout.write(`${JSON.stringify(result)}\n`)
  else
    for (const [figure, value] of Object.entries(result.figures))
      process.stdout.write(`${figure.padEnd(28)} ${textOf(value)}\n`)
  if (!flags.quick) await record(bench.name, result.figures, result.runs)
}
process.exit(0)

/** Replaces the benchmark's section of docs/benchmarks.md. */
async function record(bench: string, figures: Readonly<Record<string, unknown>>, runs: number): Promise<void> {
  const file = new URL('../docs/benchmarks.md', folder)
  const before = await readFile(file, 'utf8').catch(
    () =>
      '# Benchmarks\n\nEvery figure is printed by the command above it. The machines are shared: read ratios, not absolutes.\n',
  )
  const rows = Object.entries(figures).map(([figure, value]) => `| ${figure} | ${textOf(value)} |`)
  const section = `\n## ${bench}\n\n\`npm run -s bench -- ${bench} --json\` (${machine.cores} cores, ${machine.cpu}, Node ${machine.node}, ${runs} runs)\n\n| figure | value |\n|---|---|\n${rows.join('\n')}\n`
  const pattern = new RegExp(`\\n## ${bench}\\n[\\s\\S]*?(?=\\n## |$)`)
  await writeFile(file, pattern.test(before) ? before.replace(pattern, section) : before + section)
}

/** For people: four digits say more than can be measured here; the JSON has them all. */
function textOf(value: unknown): string {
  if (typeof value === 'number') return String(Number.isInteger(value) ? value : Number(value.toPrecision(4)))
  if (Array.isArray(value)) return value.map(textOf).join(', ')
  if (typeof value === 'object' && value !== null) {
    const parts = Object.entries(value).map(([name, part]) => `${name} ${textOf(part)}`)
    return parts.length > 0 ? parts.join(', ') : 'none'
  }
  return String(value)
}
