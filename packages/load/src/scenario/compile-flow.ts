/** The steps of one flow, in order, and the user that takes them. */
import type { CompiledFlow, CompiledStep, ThinkStep } from './compiled.ts'
import type { RequestPlan, World } from './compile-request.ts'
import { eventsStep, webSocketStep } from './channel/compile-channel.ts'
import { planRequest, requestStep } from './compile-request.ts'
import type { Call, Flow, Step, Think } from './definition.ts'
import { statelessRequest } from './request/stateless.ts'
import type { DataValue } from './scope.ts'
import { FlowScope } from './scope.ts'
import { scenarioError } from './site.ts'
import { drawMs } from './think-time.ts'
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
      case 'websocket':
        return [webSocketStep(step, scope, world)]
      case 'events':
        return [eventsStep(step, scope, world)]
      default:
        throw scenarioError(site, `flow ${name} has a step that is none: ${JSON.stringify(step)}`)
    }
  })
  const { tokens } = world
  const ownToken =
    tokens !== undefined &&
    tokens.perUser &&
    (plans.some(({ withToken }) => withToken) || flow.steps.some(opensWithToken))
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
      try {
        for (const [name, { draw }] of draws) user.variables[name] = draw(user)
      } catch (error) {
        user.fault = error
      }
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

function opensWithToken(step: Step): boolean {
  return (step.kind === 'websocket' || step.kind === 'events') && step.options.auth !== false
}

function loginStep({ tokens, route }: World): CompiledStep {
  return {
    kind: 'call',
    route: route('auth'),
    async run(user: VirtualUser) {
      if (user.fault !== undefined) throw user.fault
      await tokens!.renew(user)
    },
  }
}

function thinkStep({ time }: Think, { seed, values }: World): ThinkStep {
  const place = values.place()
  return { kind: 'think', ms: user => drawMs(time, seed, (user as VirtualUser).arrival, place) }
}

function callStep({ name, run, gives, site }: Call, scope: FlowScope, { route }: World): CompiledStep {
  scope.useAll()
  for (const given of gives) scope.define(given, site)
  return {
    kind: 'call',
    route: route(name),
    async run(user: VirtualUser) {
      if (user.fault !== undefined) throw user.fault
      await run(user)
    },
  }
}
