/** How deep pages go and what depth costs, from the parameters that were captured. */
import type { ParameterSample, PgEvidence, Statement } from '@whetstone/model'
import { median } from '@whetstone/stats'
import { plansByStatement } from './plans.ts'

export interface DeepOffset {
  readonly deepest: number
  /** Median of the offsets beyond the limit. */
  readonly deepOffset: number
  readonly deepMs: number
  /** Undefined where no shallow page was captured to compare with. */
  readonly shallowMs: number | undefined
  readonly pageRows: number
  readonly costDeep: number
  readonly costShallow: number
}

/** Undefined when no captured page lies deeper than `beyond` rows. */
export function deepOffset(statement: Statement, beyond: number, pg: PgEvidence | undefined): DeepOffset | undefined {
  const samples = statement.parameters.flatMap((sample, set) => {
    const offset = offsetOf(statement, sample)
    return offset === undefined ? [] : [{ offset, set, sample }]
  })
  const deep = samples.filter(({ offset }) => offset > beyond)
  const [first] = deep
  if (!first) return undefined
  const middle = median(deep.map(({ offset }) => offset))
  const shallow = samples.filter(({ offset }) => offset <= middle / 10)
  const pageRows = limitOf(statement, first.sample) ?? 20
  const costs = new Map(
    (pg ? (plansByStatement(pg).get(statement.id) ?? []) : []).flatMap(plan =>
      plan.parameterSet === undefined ? [] : [[plan.parameterSet, plan.totalCost] as const],
    ),
  )
  const costOf = (list: typeof samples) => list.flatMap(({ set }) => costs.get(set) ?? [])
  const [deepCosts, shallowCosts] = [costOf(deep), costOf(shallow)]
  const known = deepCosts.length > 0 && shallowCosts.length > 0
  return {
    deepest: Math.max(...deep.map(({ offset }) => offset)),
    deepOffset: middle,
    deepMs: typicalMs(deep.map(({ sample }) => sample)),
    shallowMs: shallow.length === 0 ? undefined : typicalMs(shallow.map(({ sample }) => sample)),
    pageRows,
    // Without plans the rows walked stand for the cost.
    costDeep: known ? median(deepCosts) : middle + pageRows,
    costShallow: known ? median(shallowCosts) : pageRows,
  }
}

/** Samples kept because they were slow say nothing typical, unless there are no others. */
function typicalMs(samples: readonly ParameterSample[]): number {
  const fair = samples.filter(sample => sample.kept !== 'slowest')
  return median((fair.length > 0 ? fair : samples).map(sample => sample.durationMs))
}

function offsetOf({ shape }: Statement, sample: ParameterSample): number | undefined {
  return shape?.offsetValue ?? numberAt(sample, shape?.offsetParameter)
}

function limitOf({ shape }: Statement, sample: ParameterSample): number | undefined {
  return shape?.limitValue ?? numberAt(sample, shape?.limitParameter)
}

function numberAt({ values }: ParameterSample, parameter: number | undefined): number | undefined {
  const value = parameter === undefined ? undefined : values[parameter - 1]
  if (value === undefined || value === null || typeof value === 'boolean' || value === '') return undefined
  const number = Number(value)
  return Number.isFinite(number) ? number : undefined
}
