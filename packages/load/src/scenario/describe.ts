/** A compiled scenario in a few lines for the terminal: which flows, how often, what feeds them and what is checked. */
import type { CompiledFlow, CompiledScenario, DataSummary } from './compiled.ts'

/** A flow of fifty steps is told by its beginning. */
const MAX_STEPS_SHOWN = 8

/** Plain text without a line break at its end. Numbers of rows are known after `prepare`. */
export function describeScenario(scenario: CompiledScenario): string {
  const { name, target, flows, checks } = scenario
  const total = flows.reduce((sum, { weight }) => sum + weight, 0)
  const rows = flows.map(flow => [flow.name, share(flow.weight / total), stepsText(flow, scenario)])
  const data = (scenario.data?.() ?? []).map(summary => [summary.name, ...dataText(summary)])
  return [
    target === undefined ? name : `${name}, for ${target}`,
    ...table(rows),
    ...(data.length === 0 ? [] : ['data', ...table(data)]),
    ...(checks.length === 0 ? [] : [`${checks.length} ${checks.length === 1 ? 'check' : 'checks'}`]),
  ].join('\n')
}

function stepsText({ steps, stateless }: CompiledFlow, { routes }: CompiledScenario): string {
  if (stateless !== undefined) {
    const count = stateless.fixed.length
    return `${routes[stateless.route]}${count === 1 ? '' : `, ${grouped(count)} different requests`}`
  }
  // Steps that are only sometimes taken are how a token is refreshed.
  const named = steps
    .filter(step => step.when === undefined)
    .map(step => (step.kind === 'think' ? 'think' : routes[step.route]!))
  const more = named.length - MAX_STEPS_SHOWN
  return [...named.slice(0, MAX_STEPS_SHOWN), ...(more > 0 ? [`${more} more`] : [])].join(' → ')
}

function dataText({ from, order, rows }: DataSummary): [string, string] {
  const how = order === 'in-turn' ? 'in turn' : order === 'once' ? 'each once' : 'at random'
  return [from, rows === undefined ? how : `${grouped(rows)} ${rows === 1 ? 'row' : 'rows'}, ${how}`]
}

function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map(row => row[column]!.length)))
  return rows.map(row => `  ${row.map((cell, column) => cell.padEnd(widths[column]!)).join('  ')}`.trimEnd())
}

function share(fraction: number): string {
  const percent = fraction * 100
  return `${percent >= 1 || percent === 0 ? Math.round(percent) : Number(percent.toPrecision(1))} %`
}

function grouped(count: number): string {
  return count.toLocaleString('en-US')
}
