/** Steps as the one flow of a scenario, compiled, and driven against a real server. */
import type { LoadTarget } from '../../plan.ts'
import { compileScenario } from '../compile.ts'
import type { CompiledScenario } from '../compiled.ts'
import { flow, scenario } from '../define.ts'
import type { ScenarioDefinition, Step } from '../definition.ts'
import { drive, type Driven } from './drive.ts'

interface Where {
  readonly target?: LoadTarget
  readonly seed?: number
}

/** For a target where nobody listens, unless one is given. */
export function compileSteps(
  steps: readonly Step[],
  rest: Partial<ScenarioDefinition> = {},
  { target = { host: '127.0.0.1', port: 1 }, seed = 1 }: Where = {},
): CompiledScenario {
  const flows = [flow('main', steps)]
  return compileScenario(scenario({ name: 'test', ...rest, flows }), {
    target,
    seed,
    folder: '/',
    now: () => Date.now(),
  })
}

/** Takes the users with these numbers through the steps. */
export function driveSteps(
  target: LoadTarget,
  steps: readonly Step[],
  rest: Partial<ScenarioDefinition> = {},
  arrivals: readonly number[] = [0],
): Promise<Driven> {
  return drive(compileSteps(steps, rest, { target }), target, arrivals)
}
