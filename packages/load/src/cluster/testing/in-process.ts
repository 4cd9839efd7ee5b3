/** The bus within one event loop: several members without a thread or a server between them. */
import { performance } from 'node:perf_hooks'
import type { Bus, ControlBus } from '../bus.ts'
import { controlBus, OWN_PROCESS_PATIENCE_MS } from '../control-bus.ts'
import type { Hub } from '../hub.ts'
import { Member } from '../member.ts'

export interface InProcessBus {
  readonly controller: ControlBus
  readonly join: (name: string) => Bus
}

export async function inProcessBus(): Promise<InProcessBus> {
  const listeners = new Set<(text: string) => void>()
  let hub: Hub | undefined
  const controller = await controlBus(opened => {
    hub = opened
    return {
      broadcast: text => listeners.forEach(listener => listener(text)),
      close: () => Promise.resolve(listeners.clear()),
    }
  })
  return {
    controller,
    join(name) {
      const link = {
        ask: (text: string) => hub!.handle(text),
        onBroadcast: (listener: (text: string) => void) => void listeners.add(listener),
        close: () => Promise.resolve(),
      }
      return new Member({ name, link, patienceMs: OWN_PROCESS_PATIENCE_MS, now: () => performance.now() })
    },
  }
}
