/** What the members may rely on although the way between loses, repeats and delays. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { Hub } from './hub.ts'
import { Member } from './member.ts'

it('another member of the same name is refused, and has no part in the run', async () => {
  const hub = new Hub({ now: () => 0, broadcast: () => undefined })
  const link = { ask: (text: string) => hub.handle(text), onBroadcast: () => undefined, close: () => Promise.resolve() }
  const join = () => new Member({ name: 'a', link, patienceMs: 60_000, now: () => 0 })
  const messages: unknown[] = []
  hub.onMessage((sender, message) => messages.push([sender, message]))
  const first = join()
  await first.publish('join')
  await first.once('assignment of a', () => Promise.resolve('the first half'))
  const second = join()
  const refused = { code: 'WHET_LOAD_NAME', message: 'this run has, or had, another worker called a' }
  await expect(second.publish('join')).rejects.toMatchObject(refused)
  await expect(second.once('assignment of a', () => Promise.resolve('none'))).rejects.toMatchObject(refused)
  await first.publish('done')
  await expect(second.barrier('ready', 1, 1000)).rejects.toMatchObject(refused)
  expect(messages).toEqual([
    ['a', 'join'],
    ['a', 'done'],
  ])
})

it('a member that was held up itself asks again before it says that the controller is gone', async () => {
  const hub = new Hub({ now: () => 0, broadcast: () => undefined })
  hub.onMessage(() => undefined)
  let nowMs = 0
  let asked = 0
  const after = (silentAttempts: number) => ({
    ask: async (text: string) => {
      if (++asked > silentAttempts) return await hub.handle(text)
      // Longer than the patience: the answer may have been there, and nobody looked.
      nowMs += 10_000
      throw new Error('timeout')
    },
    onBroadcast: () => undefined,
    close: () => Promise.resolve(),
  })
  const join = (name: string, silentAttempts: number) =>
    new Member({ name, link: after(silentAttempts), patienceMs: 2400, retryMs: 0, now: () => nowMs })
  await join('paused', 2).publish('there')
  asked = 0
  await expect(join('orphan', Infinity).publish('there?')).rejects.toMatchObject({ code: 'WHET_LOAD_BUS' })
  expect(asked).toBe(3)
})

it('a value that nobody claimed cannot be settled', async () => {
  const hub = new Hub({ now: () => 0, broadcast: () => undefined })
  const ask = async (question: object) =>
    JSON.parse(await hub.handle(JSON.stringify({ sender: 'a', incarnation: '1', seen: 0, ...question }))) as unknown
  const outcome = { kind: 'value', value: 7 }
  expect(await ask({ kind: 'settle', key: 'unknown', outcome })).toMatchObject({ kind: 'settled' })
  expect(await ask({ kind: 'claim', key: 'unknown' })).toMatchObject({ kind: 'yours' })
})

/** One attempt to ask: the question may be lost, come twice, or its answer may be lost. */
const fate = fc.constantFrom('arrives', 'arrives', 'lost', 'twice', 'answer lost' as const)

it('each message, value and word arrives once and in order over a way that loses and repeats', async () => {
  const property = fc.asyncProperty(
    fc.array(fate, { maxLength: 30 }),
    fc.array(fc.boolean(), { maxLength: 5 }),
    async (fates, broadcasts) => {
      let asked = 0
      let said = 0
      let toMember: (text: string) => void = () => undefined
      const hub = new Hub({ now: () => 0, broadcast: text => (broadcasts[said++] ?? false) && toMember(text) })
      const ask = async (text: string): Promise<string> => {
        const how = fates[asked++] ?? 'arrives'
        if (how === 'lost') throw new Error('lost')
        if (how === 'twice') await hub.handle(text)
        const reply = await hub.handle(text)
        if (how === 'answer lost') throw new Error('lost')
        return reply
      }
      const link = {
        ask,
        onBroadcast: (listener: typeof toMember) => void (toMember = listener),
        close: () => Promise.resolve(),
      }
      const member = new Member({ name: 'a', link, patienceMs: 60_000, retryMs: 0, now: () => 0 })
      const messages: unknown[] = []
      const words: unknown[] = []
      hub.onMessage((_sender, message) => messages.push(message))
      member.onControl(word => words.push(word))
      let made = 0
      await Promise.all([1, 2, 3, 4].map(number => member.publish(number)))
      for (const word of ['start', 'faster', 'stop']) hub.control(word)
      const values = await Promise.all([1, 2].map(() => member.once('key', () => Promise.resolve(++made))))
      await member.barrier('end', 1, 1000)
      expect({ messages, words, values }).toEqual({
        messages: [1, 2, 3, 4],
        words: ['start', 'faster', 'stop'],
        values: [1, 1],
      })
    },
  )
  await fc.assert(property, { numRuns: 300 })
})
