/** The controller's bus: its hub, its own membership in it, and what carries the others' questions there. */
import { performance } from 'node:perf_hooks'
import type { ControlBus } from './bus.ts'
import { Hub } from './hub.ts'
import { Member } from './member.ts'
import type { Link } from './protocol.ts'

/** Takes words to members and brings their questions; in-process there is nothing between. */
export interface Transport {
  /** To all members that joined through it. */
  readonly broadcast: (text: string) => void
  readonly close: () => Promise<void>
}

/** Who asks its own process is answered, however busy it is. */
export const OWN_PROCESS_PATIENCE_MS = 60_000

export async function controlBus(open: (hub: Hub) => Transport | Promise<Transport>): Promise<ControlBus> {
  const now = () => performance.now()
  let transport: Transport | undefined
  const broadcast = (text: string) => {
    heard(text)
    transport?.broadcast(text)
  }
  let heard: (text: string) => void = () => undefined
  const hub = new Hub({ now, broadcast })
  const link: Link = {
    ask: text => hub.handle(text),
    onBroadcast: listener => (heard = listener),
    close: () => Promise.resolve(),
  }
  const own = new Member({ name: 'controller', link, patienceMs: OWN_PROCESS_PATIENCE_MS, now })
  const opened = (transport = await open(hub))
  return {
    name: own.name,
    once: (key, make) => own.once(key, make),
    barrier: (name, members, timeoutMs) => own.barrier(name, members, timeoutMs),
    publish: message => own.publish(message),
    onControl: listener => own.onControl(listener),
    onMessage: listener => hub.onMessage(listener),
    control: message => Promise.resolve(hub.control(message)),
    async close() {
      await own.close()
      await opened.close()
    },
  }
}
