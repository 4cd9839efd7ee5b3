/** One suite for every bus: what holds between threads holds between hosts. */
import { once } from 'node:events'
import { MessageChannel } from 'node:worker_threads'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connect, headers } from '@nats-io/transport-node'
import { WhetstoneError } from '@whetstone/model'
import { startNats } from '@whetstone/sandbox'
import type { NatsServer, NotAvailable } from '@whetstone/sandbox'
import type { Bus, ControlBus } from './bus.ts'
import { inProcessBus } from './testing/in-process.ts'
import { joinNats, natsControlBus } from './nats.ts'
import { joinThread, threadBus } from './threads.ts'

interface Cluster {
  readonly controller: ControlBus
  join(name: string): Bus | Promise<Bus>
}

let nats: NatsServer | NotAvailable
let runs = 0
beforeAll(async () => {
  nats = await startNats({ ...process.env, WHETSTONE_NATS_URL: '' })
}, 400_000)
afterAll(async () => {
  if (nats.kind === 'nats') await nats.stop()
})

const kinds: Readonly<Record<string, () => Promise<Cluster>>> = {
  'in-process': inProcessBus,
  async threads() {
    const bus = await threadBus()
    return { controller: bus.controller, join: name => joinThread(bus.openPort(), name) }
  },
  async nats() {
    const options = { url: (nats as NatsServer).url, run: `suite-${++runs}` }
    return { controller: await natsControlBus(options), join: name => joinNats(options, name) }
  },
}

describe.each(Object.keys(kinds))('the %s bus', kind => {
  const open: Bus[] = []
  let cluster: Cluster
  const join = async (name: string) => {
    const bus = await cluster.join(name)
    open.push(bus)
    return bus
  }

  const given = (name: string, test: () => Promise<void>) =>
    it(name, async context => {
      if (kind === 'nats' && nats.kind === 'not-available') return context.skip(`not run: ${nats.reason}`)
      cluster = await kinds[kind]!()
      try {
        await test()
      } finally {
        for (const bus of open.splice(0)) await bus.close()
        await cluster.controller.close()
      }
    })

  given('makes a value once, whoever asks and however many at a time', async () => {
    const members = await Promise.all(['a', 'b', 'c'].map(join))
    let made = 0
    const make = async () => {
      made++
      await Promise.resolve()
      return { token: 'é💡', when: new Date(0), nothing: undefined }
    }
    const values = await Promise.all(
      [...members, ...members, cluster.controller].map(member => member.once('login', make)),
    )
    expect(made).toBe(1)
    expect(values).toEqual(values.map(() => ({ token: 'é💡', when: '1970-01-01T00:00:00.000Z' })))
    expect(await members[0]!.once('other', () => Promise.resolve(7))).toBe(7)
  })

  given('waits for a value as long as it takes to make', async () => {
    const [a, b] = [await join('a'), await join('b')]
    let finish: (value: string) => void
    let first: Promise<string> | undefined
    // The other asks only once the value is being made: which of two claims arrives first is chance.
    await new Promise<void>(making => {
      first = a.once('slow', () => {
        making()
        return new Promise<string>(resolve => (finish = resolve))
      })
    })
    const started = performance.now()
    const second = b.once('slow', () => Promise.reject(new Error('made twice')))
    // Longer than any one reply is held.
    setTimeout(() => finish('done'), 900)
    expect(await Promise.all([first, second])).toEqual(['done', 'done'])
    expect(performance.now() - started).toBeGreaterThan(850)
  })

  given('gives everybody the failure of a value', async () => {
    const [a, b] = [await join('a'), await join('b')]
    const make = () => Promise.reject(new WhetstoneError('WHET_LOGIN', 'refused', { hint: 'try again' }))
    const outcomes = await Promise.allSettled([a.once('login', make), b.once('login', make)])
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({
        status: 'rejected',
        reason: { code: 'WHET_LOGIN', message: 'refused', hint: 'try again' },
      })
    }
  })

  given('opens a barrier when all have come, and not before', async () => {
    const [a, b] = [await join('a'), await join('b')]
    cluster.controller.onMessage(() => undefined)
    let open = 0
    const passed = [a, cluster.controller].map(member => member.barrier('ready', 3, 10_000).then(() => open++))
    // A round trip of another kind: the two have surely arrived.
    await a.publish('there')
    await cluster.controller.publish('there')
    expect(open).toBe(0)
    await Promise.all([...passed, b.barrier('ready', 3, 10_000)])
    expect(open).toBe(2)
  })

  given('says how many came to a barrier in vain', async () => {
    const [a, b] = [await join('a'), await join('b')]
    const outcomes = await Promise.allSettled([a.barrier('ready', 3, 600), b.barrier('ready', 3, 600)])
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({
        status: 'rejected',
        reason: { code: 'WHET_LOAD_BARRIER', message: '2 of 3 had come to "ready" after 0.6 s' },
      })
    }
  })

  given('delivers every message once and in order, also those that came before anybody listened', async () => {
    const [a, b] = [await join('a'), await join('b')]
    const early = a.publish(0)
    // A round trip of another kind: the message is surely waiting.
    await a.once('waiting', () => Promise.resolve())
    const heard: Record<string, unknown[]> = {}
    cluster.controller.onMessage((sender, message) => (heard[sender] ??= []).push(message))
    await early
    const numbers = Array.from({ length: 50 }, (_, index) => index + 1)
    await Promise.all([...numbers.map(number => a.publish(number)), ...numbers.map(number => b.publish(number))])
    expect(heard).toEqual({ a: [0, ...numbers], b: numbers })
  })

  given('carries a message of five megabytes', async () => {
    const a = await join('a')
    const heard: unknown[] = []
    cluster.controller.onMessage((_sender, message) => heard.push(message))
    const large = { text: 'ä💡'.repeat(850_000) }
    await a.publish(large)
    await a.publish('small')
    expect(heard.length).toBe(2)
    expect((heard[0] as typeof large).text === large.text).toBe(true)
  })

  given('acknowledges with the clock of the controller', async () => {
    const a = await join('a')
    cluster.controller.onMessage(() => undefined)
    const times = [await a.publish(1), await a.publish(2), await a.publish(3)]
    expect(times).toEqual([...times].sort((x, y) => x - y))
    const before = await cluster.controller.publish(0)
    const between = await a.publish(4)
    expect(between).toBeGreaterThanOrEqual(before)
    expect(await cluster.controller.publish(0)).toBeGreaterThanOrEqual(between)
  })

  given('tells all members, in order, until they stop listening', async () => {
    const members = [await join('a'), await join('b'), cluster.controller]
    cluster.controller.onMessage(() => undefined)
    const heard = members.map((): unknown[] => [])
    const stops = members.map((member, index) => member.onControl(message => heard[index]!.push(message)))
    await cluster.controller.control({ kind: 'start' })
    await cluster.controller.control({ kind: 'stop' })
    // The reply to any question brings what a broadcast has not.
    for (const member of members) await member.publish('seen?')
    expect(heard).toEqual(members.map(() => [{ kind: 'start' }, { kind: 'stop' }]))
    for (const stop of stops) stop()
    await cluster.controller.control({ kind: 'again' })
    for (const member of members) await member.publish('seen?')
    expect(heard).toEqual(members.map(() => [{ kind: 'start' }, { kind: 'stop' }]))
  })
})

describe('the nats bus', () => {
  it('notices within three seconds that the controller is gone', async context => {
    if (nats.kind === 'not-available') return context.skip(`not run: ${nats.reason}`)
    const options = { url: nats.url, run: 'gone' }
    const controller = await natsControlBus(options)
    controller.onMessage(() => undefined)
    const member = await joinNats(options, 'a')
    await member.publish('there')
    await controller.close()
    await expect(member.publish('there?')).rejects.toMatchObject({ code: 'WHET_LOAD_BUS' })
    await member.close()
  })

  it('gives no answer to what is no question, and goes on', async context => {
    if (nats.kind === 'not-available') return context.skip(`not run: ${nats.reason}`)
    const options = { url: nats.url, run: 'garbage' }
    const controller = await natsControlBus(options)
    controller.onMessage(() => undefined)
    const stranger = await connect({ servers: new URL(nats.url).host })
    const pieces = headers()
    pieces.set('piece', 'one 2 3')
    for (const text of ['{', 'null', '']) stranger.publish('whetstone.load.garbage.hub', text)
    stranger.publish('whetstone.load.garbage.hub', '{}', { headers: pieces })
    await stranger.close()
    const member = await joinNats(options, 'a')
    expect(await member.publish('there?')).toBeGreaterThan(0)
    await member.close()
    await controller.close()
  })

  it('says where no server answers, without the password', async () => {
    await expect(joinNats({ url: 'nats://me:secret@127.0.0.1:1', run: 'x' }, 'a')).rejects.toMatchObject({
      code: 'WHET_LOAD_NATS',
      message: expect.stringMatching(/^NATS at 127\.0\.0\.1:1 cannot be used: (?!.*secret)/) as string,
    })
    await expect(natsControlBus({ url: '127.0.0.1:4222', run: 'x' })).rejects.toMatchObject({ code: 'WHET_URL' })
  })
})

it('a thread that writes what is no question gets no answer, and the others do', async () => {
  const bus = await threadBus()
  bus.controller.onMessage(() => undefined)
  const port = bus.openPort()
  for (const text of ['{', 'null']) port.postMessage({ id: 1, text })
  const member = joinThread(bus.openPort(), 'a')
  expect(await member.publish('there?')).toBeGreaterThan(0)
  await member.close()
  port.close()
  await bus.controller.close()
})

it('a thread that ends lets its port go', async () => {
  const { port1, port2 } = new MessageChannel()
  const bus = joinThread(port2, 'a')
  await bus.close()
  await once(port1, 'close')
})
