/** What a user still does once the measured time is over. */
import { expect, it } from 'vitest'
import { type Ground, walk, type Walker } from './walk.ts'

const END_MS = 100

function walked(scheduledMs: number, noticedMs: number): readonly string[] {
  const done: string[] = []
  const steps = [{ kind: 'request', route: 0, encode: () => 'GET / HTTP/1.1\r\n\r\n' }]
  const walker = { flow: { steps }, next: 0 } as unknown as Walker
  const ground: Ground = {
    now: () => noticedMs,
    over: atMs => atMs >= END_MS,
    send: () => done.push('sent'),
    sleep: () => done.push('sleeps'),
    ended: () => done.push('ended'),
    fault: () => done.push('fault'),
  }
  walk(walker, scheduledMs, noticedMs, ground)
  return done
}

it('sends what was due before the end, however late it is noticed', () => {
  expect(walked(END_MS - 1, END_MS - 1)).toEqual(['sent'])
  expect(walked(END_MS - 1, END_MS + 500)).toEqual(['sent'])
})

it('begins nothing that falls due after the end', () => {
  expect(walked(END_MS, END_MS)).toEqual(['ended'])
})
