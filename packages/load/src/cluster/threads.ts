/** The bus between worker threads: questions and replies over one message port for each thread. */
import { performance } from 'node:perf_hooks'
import { MessageChannel } from 'node:worker_threads'
import type { MessagePort } from 'node:worker_threads'
import type { Bus, ControlBus } from './bus.ts'
import { controlBus, OWN_PROCESS_PATIENCE_MS } from './control-bus.ts'
import type { Hub } from './hub.ts'
import { Member } from './member.ts'

/** A broadcast has no id. */
interface Envelope {
  readonly id?: number
  readonly text: string
}

export interface ThreadBus {
  readonly controller: ControlBus
  /** The end to hand to a new thread, with which it joins. */
  readonly openPort: () => MessagePort
}

export async function threadBus(): Promise<ThreadBus> {
  const ports: MessagePort[] = []
  let hub: Hub | undefined
  const controller = await controlBus(opened => {
    hub = opened
    return {
      broadcast: text => ports.forEach(port => port.postMessage({ text } satisfies Envelope)),
      close: () => Promise.resolve(ports.forEach(port => port.close())),
    }
  })
  return {
    controller,
    openPort() {
      const { port1, port2 } = new MessageChannel()
      ports.push(port1)
      port1.on('message', ({ id, text }: Required<Envelope>) => {
        const answer = async () => port1.postMessage({ id, text: await hub!.handle(text) } satisfies Envelope)
        // As on any other way: what is no question gets no answer.
        void answer().catch(() => undefined)
      })
      return port2
    },
  }
}

/** In the thread: joins by the port it was given. */
export function joinThread(port: MessagePort, name: string): Bus {
  const asked = new Map<number, (reply: string) => void>()
  let heard: (text: string) => void = () => undefined
  let lastId = 0
  port.on('message', ({ id, text }: Envelope) => {
    if (id === undefined) return heard(text)
    asked.get(id)?.(text)
    asked.delete(id)
  })
  const link = {
    ask: (text: string) =>
      new Promise<string>(resolve => {
        asked.set(++lastId, resolve)
        port.postMessage({ id: lastId, text } satisfies Envelope)
      }),
    onBroadcast: (listener: (text: string) => void) => void (heard = listener),
    close: () => Promise.resolve(port.close()),
  }
  return new Member({ name, link, patienceMs: OWN_PROCESS_PATIENCE_MS, now: () => performance.now() })
}
