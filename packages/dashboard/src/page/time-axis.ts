/** The axis of seconds that the charts of one course stand on, one above the other. */
import { THIN } from '../reading/format.ts'
import { linearTicks } from '../reading/ticks.ts'
import type { PlotProps } from './plot.tsx'

export type TimeAxis = Pick<PlotProps, 'xs' | 'xRange' | 'xTicks' | 'xText' | 'shadedUntil' | 'moments'>

/** Fewer on a phone, where the numbers would touch. */
export function secondsTicks(endSeconds: number): readonly number[] {
  return linearTicks(endSeconds, innerWidth < 600 ? 5 : 12)
}

export function seconds(value: number): string {
  return `${value}${THIN}s`
}
