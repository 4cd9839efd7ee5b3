/** A run across hosts: the controller and each worker are processes of their own that find one another through NATS. */
import type { LoadResult } from '../engine/live.ts'
import type { LoadPlan } from '../plan.ts'
import { scenarioOf } from '../run-in-process.ts'
import { control } from './controller.ts'
import type { ControllerOptions } from './controller.ts'
import { joinNats, natsControlBus } from './nats.ts'
import type { NatsOptions } from './nats.ts'
import { work } from './worker.ts'
import type { WorkerOptions } from './worker.ts'

/**
 * Waits for the workers and runs the plan on them. Rejects with `WHET_LOAD_NATS` when no server answers, with `WHET_LOAD_WORKERS`
 * when not all workers came.
 */
export async function controlOverNats(
  plan: LoadPlan,
  { url, run, ...options }: NatsOptions & Omit<ControllerOptions, 'silenceMeansLost' | 'scenario'>,
): Promise<LoadResult> {
  const scenario = plan.scenario === undefined ? undefined : await scenarioOf(plan)
  const bus = await natsControlBus({ url, run })
  try {
    return await control(plan, bus, { ...options, ...(scenario === undefined ? {} : { scenario }) })
  } finally {
    await bus.close()
  }
}

/** Works for one run and returns. `name` is unique among its workers. */
export async function workOverNats({
  url,
  run,
  name,
  ...options
}: NatsOptions & WorkerOptions & { readonly name: string }): Promise<'finished' | 'surplus'> {
  const bus = await joinNats({ url, run }, name)
  try {
    return await work(bus, options)
  } finally {
    await bus.close()
  }
}
