/** Waiting for what must come, without saying how long it takes. */
import { expect } from 'vitest'

/** Polls until the condition holds; a test that waits in vain fails after 20 s. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const endMs = Date.now() + 20_000
  while (!(await condition()) && Date.now() < endMs) await new Promise(resolve => setTimeout(resolve, 2))
  expect(await condition()).toBe(true)
}
