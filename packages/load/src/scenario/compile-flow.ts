/** The steps of one flow, in order, and the user that takes them. */
import type { CompiledFlow, CompiledStep, ThinkStep } from './compiled.ts'
import type { RequestPlan, World } from './compile-request.ts'
import { planRequest, requestStep } from './compile-request.ts'
import type { Call, Flow, Think } from './definition.ts'
import { drawn } from './draw.ts'
import { statelessRequest } from './request/stateless.ts'
import type { DataValue } from './scope.ts'
import { FlowScope } from './scope.ts'
import { scenarioError } from './site.ts'
import { VirtualUser } from './user.ts'

/** Longer flows are a loop that was written out by mistake. */
const MAX_STEPS = 10_000

/** Throws `WHET_SCENARIO`. */
export function compileFlow(flow: Flow, data: ReadonlyMap<string, DataValue>, world: World): CompiledFlow {
  const { name, weight, site } = flow
  if (!Array.isArray(flow.steps) || flow.steps.length === 0) throw scenarioError(site, `flow ${name} has no steps`)
  if (flow.steps.length > MAX_STEPS) throw scenarioError(site, `flow ${name} has more than ${MAX_STEPS} steps`)
  if (!(weight >= 0 && weight < Infinity)) throw scenarioError(site, `flow ${name} has weight ${weight}`)

  const scope = new FlowScope(data, world.values)
  const plans: RequestPlan[] = []
  const steps = flow.steps.flatMap((step): CompiledStep[] => {
    switch (step.kind) {
      case 'request': {
        const plan = planRequest(step, scope, world)
        plans.push(plan)
        return requestSteps(plan, world)
      }
      case 'think':
        return [thinkStep(step, world)]
      case 'call':
        return [callStep(step, scope, world)]
      default:
        throw scenarioError(site, `flow ${name} has a step that is none: ${JSON.stringify(step)}`)
    }
  })
  const { tokens } = world
  const ownToken = tokens !== undefined && tokens.perUser && plans.some(({ withToken }) => withToken)
  const draws = scope.drawn()
  const [only] = plans
  const stateless =
    flow.steps.length === 1 && only !== undefined
      ? statelessRequest(only, [
          ...draws.map(([name, { value }]) => [name, value] as const),
          ...only.draws.map(({ name, value }) => [name, value] as const),
        ])
      : undefined
  return {
    name,
    weight,
    steps: ownToken ? [loginStep(world), ...steps] : steps,
    ...(stateless === undefined ? {} : { stateless }),
    user(arrival, shared) {
      const user = new VirtualUser(arrival, shared, world.client)
      tokens?.equip(user)
      for (const [name, { draw }] of draws) user.variables[name] = draw(user)
      return user
    },
  }
}

/** A request with a token may be answered 401 once: then the token is fetched anew and the request sent again. */
function requestSteps(plan: RequestPlan, world: World): CompiledStep[] {
  if (!plan.withToken) return [requestStep(plan, world, 'only')]
  const refresh: CompiledStep = { ...loginStep(world), when: user => (user as VirtualUser).refused }
  return [requestStep(plan, world, 'first'), refresh, requestStep(plan, world, 'again')]
}

function loginStep({ tokens, route }: World): CompiledStep {
  return { kind: 'call', route: route('auth'), run: async user => tokens!.renew(user as VirtualUser) }
}

function thinkStep({ time }: Think, { seed, values }: World): ThinkStep {
  switch (time.kind) {
    case 'fixed':
      return { kind: 'think', ms: () => time.ms }
    case 'range': {
      const place = values.place()
      const spanMs = time.toMs - time.fromMs
      return { kind: 'think', ms: user => time.fromMs + drawn(seed, (user as VirtualUser).arrival, place) * spanMs }
    }
    case 'exponential': {
      const place = values.place()
      return {
        kind: 'think',
        ms: user => -Math.log(1 - drawn(seed, (user as VirtualUser).arrival, place)) * time.meanMs,
      }
    }
  }
}

function callStep({ name, run, gives, site }: Call, scope: FlowScope, { route }: World): CompiledStep {
  scope.useAll()
  for (const given of gives) scope.define(given, site)
  return {
    kind: 'call',
    route: route(name),
    async run(user) {
      await run(user as VirtualUser)
    },
  }
}
