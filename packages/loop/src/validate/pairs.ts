/** Blocks brought together again into the pairs they were run as. */
import type { BlockMetric, TrialBlock } from '@whetstone/model'

export interface BlockPair {
  readonly a: TrialBlock
  readonly b: TrialBlock
}

/** Value of one metric in both blocks of a pair. */
export interface PairedValue {
  readonly a: number
  readonly b: number
}

/** Pairs of which both blocks stand, in the order they were run. */
export function completePairs(blocks: readonly TrialBlock[]): BlockPair[] {
  const halves = new Map<number, { a?: TrialBlock; b?: TrialBlock }>()
  for (const block of blocks.toSorted((left, right) => left.order - right.order)) {
    if (block.thrownOut !== undefined) continue
    const half = halves.get(block.pair) ?? {}
    half[block.arm] = block
    halves.set(block.pair, half)
  }
  return [...halves.values()].flatMap(({ a, b }) => (a && b ? [{ a, b }] : []))
}

/** Pairs in which both blocks know the metric. */
export function pairedValues(pairs: readonly BlockPair[], metric: Pick<BlockMetric, 'route' | 'name'>): PairedValue[] {
  return pairs.flatMap(pair => {
    const a = valueIn(pair.a, metric)
    const b = valueIn(pair.b, metric)
    return a === undefined || b === undefined ? [] : [{ a, b }]
  })
}

export function valueIn(block: TrialBlock, { route, name }: Pick<BlockMetric, 'route' | 'name'>): number | undefined {
  return block.metrics.find(metric => metric.route === route && metric.name === name)?.value
}
