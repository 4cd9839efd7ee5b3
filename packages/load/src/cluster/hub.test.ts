/** What the members may rely on although the way between loses, repeats and delays. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { Hub } from './hub.ts'
import { Member } from './member.ts'

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
