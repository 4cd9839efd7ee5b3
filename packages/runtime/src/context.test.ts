import { getEventListeners } from 'node:events'
import { describe, expect, test } from 'vitest'
import { Context } from './context.ts'
import { Fault, isFault } from './fault.ts'

describe('a context', () => {
  test('tells every listener once, and late ones at once', () => {
    const context = new Context()
    const heard: unknown[] = []
    context.onCancel(reason => heard.push(['first', reason]))
    const takeBack = context.onCancel(() => heard.push('never'))
    takeBack()
    context.cancel('enough')
    context.cancel('again')
    context.onCancel(reason => heard.push(['late', reason]))
    expect(heard).toEqual([
      ['first', 'enough'],
      ['late', 'enough'],
    ])
    expect([context.cancelled, context.reason]).toEqual([true, 'enough'])
  })

  test('has a signal, whether read before or after', () => {
    const [before, after] = [new Context(), new Context()]
    const { signal } = before
    before.cancel('why')
    after.cancel('why')
    expect([signal.aborted, signal.reason, after.signal.aborted, after.signal.reason]).toEqual([
      true,
      'why',
      true,
      'why',
    ])
  })

  test('below another is cancelled with it and never later', () => {
    const parent = new Context(100)
    expect([Context.below(parent, 50).deadlineMs, Context.below(parent, 500).deadlineMs]).toEqual([50, 100])
    const child = Context.below(parent)
    child.cancel('alone')
    expect(parent.cancelled).toBe(false)
    const other = Context.below(parent)
    parent.cancel('all')
    expect([other.reason, child.reason]).toEqual(['all', 'alone'])
  })

  test('that was released hears its parent no more', () => {
    const parent = new Context()
    const child = Context.below(parent)
    child.release()
    parent.cancel('all')
    expect(child.cancelled).toBe(false)
  })

  test('follows an abort signal, also one that has been', () => {
    const controller = new AbortController()
    const following = Context.ofSignal(controller.signal)
    controller.abort('gone')
    expect([following.reason, Context.ofSignal(controller.signal).reason]).toEqual(['gone', 'gone'])
  })

  test('that is released or cancelled leaves the signal and the parent it listened to', () => {
    const signal = new AbortController().signal
    const ofSignal = Context.ofSignal(signal)
    const parent = new Context()
    const child = Context.below(parent)
    expect(getEventListeners(signal, 'abort')).toHaveLength(1)
    ofSignal.release()
    expect(getEventListeners(signal, 'abort')).toHaveLength(0)
    Context.ofSignal(signal).cancel()
    expect(getEventListeners(signal, 'abort')).toHaveLength(0)
    child.cancel('first')
    parent.cancel('second')
    expect(child.reason).toBe('first')
  })

  test('cancels with a fault that may not be repeated when nobody says why', () => {
    const context = new Context()
    context.cancel()
    expect(context.reason).toEqual(
      new Fault('FAULT_CANCELLED', 'the caller no longer wants the answer', { retryable: false }),
    )
    expect([isFault(context.reason), isFault(new Error('other'))]).toEqual([true, false])
  })
})
