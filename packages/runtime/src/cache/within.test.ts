import { expect, test } from 'vitest'
import { Context } from '../context.ts'
import { within } from './within.ts'

const never = () => new Promise<string>(() => {})

test('an answer in time is the answer, with a context and without', async () => {
  expect(await within(Promise.resolve('answer'), undefined)).toBe('answer')
  expect(await within(Promise.resolve('answer'), new Context(performance.now() + 60_000))).toBe('answer')
  await expect(within(Promise.reject(new Error('refused')), new Context())).rejects.toThrow('refused')
})

test('nobody waits past his deadline, or when he has left', async () => {
  await expect(within(never(), new Context(performance.now() + 5))).rejects.toMatchObject({ code: 'FAULT_DEADLINE' })
  const leaving = new Context()
  const waiting = within(never(), leaving)
  leaving.cancel(new Error('left'))
  await expect(waiting).rejects.toThrow('left')
})

test('what is answered too late can be undone, and what fails too late ends no process', async () => {
  const gone = new Context()
  gone.cancel(new Error('gone'))
  const undone: string[] = []
  await expect(within(Promise.resolve('taken'), gone, late => void undone.push(late))).rejects.toThrow('gone')
  let answer!: (value: string) => void
  const leaving = new Context()
  const waiting = within(new Promise<string>(resolve => (answer = resolve)), leaving, late => void undone.push(late))
  leaving.cancel(new Error('left'))
  await expect(waiting).rejects.toThrow('left')
  answer('taken too')
  // A rejection that nobody handles would fail this file.
  await expect(within(Promise.reject(new Error('too late')), gone)).rejects.toThrow('gone')
  await new Promise(resolve => setImmediate(resolve))
  expect(undone).toEqual(['taken', 'taken too'])
})

test('a process that was busy still takes an answer that came in time', async () => {
  const context = new Context(performance.now() + 5)
  const answer = within(new Promise(resolve => void setTimeout(() => setImmediate(resolve, 'answer'), 1)), context)
  const busyUntilMs = performance.now() + 30
  while (performance.now() < busyUntilMs);
  expect(await answer).toBe('answer')
})
