/** `scenarios` of the config: load tests under a name, for `whetstone load --scenario whetstone.config.ts#name`. */
import { isScenario, type Scenario } from '@whetstone/load'

export type ScenariosConfig = Readonly<Record<string, Scenario>>

/** What of `scenarios` is none, by its path; undefined when all are. What they say is checked when one of them is run. */
export function notAScenario(scenarios: Readonly<Record<string, unknown>>): string | undefined {
  const wrong = Object.entries(scenarios).find(([, value]) => !isScenario(value))
  return wrong && `scenarios.${wrong[0]}`
}
