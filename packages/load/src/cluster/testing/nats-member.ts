/** A worker or a controller as a process of its own, for tests that kill it: what to do comes as JSON in the last argument. */
import type { LoadPlan } from '../../plan.ts'
import { controlOverNats, workOverNats } from '../over-nats.ts'

type Task =
  | { readonly kind: 'work'; readonly url: string; readonly run: string; readonly name: string; readonly index: number }
  | {
      readonly kind: 'control'
      readonly url: string
      readonly run: string
      readonly plan: LoadPlan
      readonly workers: number
    }

/** The others may still be starting. */
const JOIN_TIMEOUT_MS = 180_000

const task = JSON.parse(process.argv.at(-1)!) as Task
try {
  if (task.kind === 'work') await workOverNats({ ...task, joinTimeoutMs: JOIN_TIMEOUT_MS })
  else await controlOverNats(task.plan, { ...task, joinTimeoutMs: JOIN_TIMEOUT_MS })
  process.exit(0)
} catch (error) {
  process.stderr.write(`${(error as { code?: string }).code ?? 'no code'}: ${(error as Error).message}\n`)
  process.exit(3)
}
