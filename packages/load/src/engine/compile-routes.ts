/** Routes with concrete requests as flows without state: encoded once, sent as they are. */
import type { PlannedRequest, PlannedRoute, RouteName } from '@whetstone/model'
import { WhetstoneError } from '@whetstone/model'
import type { CompiledFlow, CompiledScenario, StatelessRequest } from '../scenario/compiled.ts'
import { encodeRequest } from '../wire/encode.ts'
import { WireError } from '../wire/wire-error.ts'

/** Throws `WHET_LOAD_REQUEST` for a request that cannot be written as HTTP. */
export function compileRoutes(routes: readonly PlannedRoute[], hostHeader: string): CompiledScenario {
  return {
    name: 'requests',
    routes: routes.map(({ route }) => route),
    checks: [],
    flows: routes.flatMap((route, index) => flowsOf(route, index, hostHeader)),
  }
}

/** One flow a method, for the framing of an answer depends on it. */
function flowsOf({ route, weight, requests }: PlannedRoute, index: number, hostHeader: string): CompiledFlow[] {
  const methods = [...new Set(requests.map(({ method }) => method))]
  return methods.map(method => {
    const fixed = requests
      .filter(request => request.method === method)
      .map(request => encoded(request, hostHeader, route))
    return statelessFlow(route, (weight * fixed.length) / requests.length, { route: index, method, fixed })
  })
}

function statelessFlow(name: RouteName, weight: number, stateless: StatelessRequest): CompiledFlow {
  return { name, weight, steps: [], stateless, user: () => ({ variables: {} }) }
}

function encoded(request: PlannedRequest, hostHeader: string, route: RouteName): string {
  try {
    return encodeRequest(request, hostHeader)
  } catch (error) {
    if (!(error instanceof WireError)) throw error
    throw new WhetstoneError('WHET_LOAD_REQUEST', `a request of ${route} cannot be sent: ${error.message}`, {
      cause: error,
    })
  }
}
