import { EventEmitter } from 'node:events'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { Context } from '../../context.ts'
import { Lending } from './lending.ts'
import { readOptions } from './options.ts'
import type { Session } from './session.ts'

/** A connection that is there or not, and nothing else. */
class FakeSession extends EventEmitter {
  isSound = true
  isInTransaction = false
  cancelling: Promise<void> | undefined
  lentAtMs = 0
  idleSinceMs = 0
  expiresAtMs = Infinity
  end(over: () => void): void {
    this.isSound = false
    process.nextTick(over)
  }
}

const silent = { connected() {}, removed() {}, lost() {}, leaked() {} }

type Step =
  | { readonly kind: 'take' | 'takeRoom' | 'pause' }
  | { readonly kind: 'giveBack' | 'giveBackRoom' | 'break' | 'cancel'; readonly which: number }

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.constant<Step>({ kind: 'take' }) },
  { weight: 1, arbitrary: fc.constant<Step>({ kind: 'takeRoom' }) },
  { weight: 2, arbitrary: fc.constant<Step>({ kind: 'pause' }) },
  ...(['giveBack', 'giveBack', 'giveBackRoom', 'break', 'cancel'] as const).map(kind => ({
    weight: 2,
    arbitrary: fc.nat(20).map(which => ({ kind, which })),
  })),
)

it('never lends more than max at once, and every place comes back, whatever callers and connections do', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 4 }),
      fc.array(fc.boolean()),
      fc.array(step, { maxLength: 60 }),
      async (max, refusals, steps) => {
        const { limits } = readOptions({ max, maxWaiting: 6, leakAfterMs: 0, idleTimeoutMs: 0 })
        let opened = 0
        const open = async (): Promise<Session> => {
          await Promise.resolve()
          if (refusals[opened++] === true) throw new Error('no connection today')
          return new FakeSession() as unknown as Session
        }
        const lending = new Lending(limits, open, silent)
        const lent: Session[] = []
        const contexts: Context[] = []
        let rooms = 0
        let asked = 0
        let answered = 0
        const check = (): void => {
          expect(lent.length + rooms).toBeLessThanOrEqual(max)
          expect(lending.size).toBeLessThanOrEqual(max)
          expect(lending.usage.inUse).toBe(lent.length)
        }
        const act = (one: Step): void => {
          if (one.kind === 'take') {
            const context = new Context()
            contexts.push(context)
            asked++
            lending.acquire(context, (_, session) => {
              answered++
              if (session) lent.push(session)
              check()
            })
          } else if (one.kind === 'takeRoom') {
            asked++
            lending.reserveRoom(error => {
              answered++
              if (!error) rooms++
            })
          } else if (one.kind === 'giveBack' || one.kind === 'break') {
            const [session] = lent.splice(one.which % Math.max(1, lent.length), 1)
            if (session) lending.giveBack(session, one.kind === 'break')
          } else if (one.kind === 'giveBackRoom' && rooms > 0) {
            rooms--
            lending.returnRoom()
          } else if (one.kind === 'cancel') contexts[one.which % Math.max(1, contexts.length)]?.cancel()
        }
        for (const one of steps) {
          act(one)
          if (one.kind === 'pause') await new Promise(setImmediate)
          check()
        }
        // Everybody gives back what he has or gets, until nobody waits.
        for (let round = 0; answered < asked || lent.length > 0 || rooms > 0; round++) {
          expect(round).toBeLessThan(200)
          await new Promise(setImmediate)
          while (lent.length > 0) act({ kind: 'giveBack', which: 0 })
          while (rooms > 0) act({ kind: 'giveBackRoom', which: 0 })
        }
        expect(lending.usage).toMatchObject({ inUse: 0, waiting: 0 })
        await lending.end()
        expect(lending.size).toBe(0)
      },
    ),
    { numRuns: 300 },
  )
})
