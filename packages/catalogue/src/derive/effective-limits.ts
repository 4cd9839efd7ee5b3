/** The thresholds that hold for another practice in this run, so that two practices never judge one cause by different figures. */
import type { Threshold, ThresholdOverrides, ThresholdValues } from '@whetstone/model'

export function effectiveLimits<T extends Readonly<Record<string, Threshold>>>(
  defaults: T,
  practice: string,
  overrides: ThresholdOverrides,
): ThresholdValues<T> {
  const own = overrides(practice)
  const pairs = Object.entries(defaults).map(([name, { value }]) => [name, own[name] ?? value])
  return Object.fromEntries(pairs) as ThresholdValues<T>
}
