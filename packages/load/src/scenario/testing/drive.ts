/** Takes users through the flows of a compiled scenario against a real server, one at a time: what the engine does, without its schedule. */
import type { LoadTarget } from '../../plan.ts'
import { dial } from '../../wire/dial.ts'
import type { Answer, CompiledFlow, CompiledScenario, User } from '../compiled.ts'

export interface Driven {
  /** `check name` to [passed, failed]. */
  readonly checks: Record<string, [passed: number, failed: number]>
  readonly statuses: { readonly route: string; readonly status: number }[]
  readonly thinkMs: number[]
  /** Messages of users that ended early for a fault of the scenario. */
  readonly faults: string[]
  readonly users: User[]
}

/** Users with the given global arrival numbers, each through the flow (default the first). */
export async function drive(
  scenario: CompiledScenario,
  target: LoadTarget,
  arrivals: readonly number[],
  flow: CompiledFlow = scenario.flows[0]!,
): Promise<Driven> {
  const driven: Driven = { checks: {}, statuses: [], thinkMs: [], faults: [], users: [] }
  const shared = await scenario.setup?.()
  await scenario.prepare?.(shared)
  for (const arrival of arrivals) {
    const user = flow.user(arrival, shared)
    driven.users.push(user)
    await walk(scenario, target, flow, user, driven).catch((error: Error) => driven.faults.push(error.message))
  }
  await scenario.teardown?.(shared)
  return driven
}

async function walk(
  scenario: CompiledScenario,
  target: LoadTarget,
  flow: CompiledFlow,
  user: User,
  driven: Driven,
): Promise<void> {
  for (const step of flow.steps) {
    if (step.when !== undefined && !step.when(user)) continue
    if (step.kind === 'think') driven.thinkMs.push(step.ms(user))
    else if (step.kind === 'call') await step.run(user)
    else if (step.kind === 'request') {
      const answer = await exchange(target, step.encode(user))
      driven.statuses.push({ route: scenario.routes[step.route]!, status: answer.status })
      const seen = {
        ...answer,
        head: step.capture === 'none' ? '' : answer.head,
        body: step.capture === 'body' ? answer.body : Buffer.alloc(0),
      }
      const goesOn = step.after?.(user, seen, (index, passed) => {
        const count = (driven.checks[scenario.checks[index]!.name] ??= [0, 0])
        count[passed ? 0 : 1]++
      })
      if (goesOn === false) return
    }
  }
}

/** Sends the text as it is and reads until the server closes. */
export function exchange(target: LoadTarget, encoded: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const socket = dial(target)
    const pieces: Buffer[] = []
    const startMs = performance.now()
    socket.on('data', (piece: Buffer) => pieces.push(piece))
    socket.on('error', reject)
    socket.on('close', () => {
      const all = Buffer.concat(pieces)
      const headEnd = all.indexOf('\r\n\r\n')
      const [statusLine = '', ...lines] = all.toString('latin1', 0, headEnd).split('\r\n')
      const body = all.subarray(headEnd + 4)
      resolve({
        status: Number(statusLine.split(' ')[1]),
        bodyBytes: body.length,
        serviceMs: performance.now() - startMs,
        head: lines.map(line => `${line}\r\n`).join(''),
        body,
      })
    })
    socket.write(encoded.replace('\r\n', '\r\nConnection: close\r\n'), 'latin1')
  })
}
