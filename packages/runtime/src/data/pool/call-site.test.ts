import { describe, expect, it } from 'vitest'
import { LoanMemory, readStack } from './call-site.ts'

function loan(memory: LoanMemory, nowMs: number): ReturnType<LoanMemory['remember']> {
  return memory.remember(nowMs, loan)
}

describe('the memory of loans', () => {
  it('keeps the line of each at an ordinary pace, and of a thousand a second at most', () => {
    const memory = new LoanMemory()
    const known = (fromMs: number, count: number) =>
      Array.from({ length: count }, (_, index) => loan(memory, fromMs + (index * 999) / count)).filter(
        taken => taken.stack,
      ).length
    expect(known(0, 1_000)).toBe(1_000)
    expect(known(1_000, 5_000)).toBe(1_000)
    expect(known(2_000, 10)).toBe(10)
  })

  it('keeps every line after a leak without one, until a leak has been named', () => {
    const memory = new LoanMemory()
    for (let taken = 0; taken < 1_000; taken++) loan(memory, 0)
    const unnamed = loan(memory, 0)
    expect(readStack(unnamed)).toEqual({ site: 'unknown', stack: [] })
    memory.leaked(unnamed)
    const named = loan(memory, 0)
    expect(readStack(named).site).toMatch(/call-site\.test\.ts:\d+:\d+$/)
    memory.leaked(named)
    expect(readStack(loan(memory, 0)).site).toBe('unknown')
  })
})

describe('a stack', () => {
  it('is read from its first line outside of packages', () => {
    const stack = [
      'Error',
      '    at acquire (node:internal/pool:1:2)',
      '    at Driver.connect (/app/node_modules/orm/driver.js:10:3)',
      '    at async list (file:///app/src/orders.ts:41:17)',
      '    at async /app/src/server.ts:7:5',
    ]
    expect(readStack({ stack: stack.join('\n') }).site).toBe('/app/src/orders.ts:41:17')
    expect(readStack({ stack: stack.slice(0, 3).join('\n') }).site).toBe('node:internal/pool:1:2')
    expect(readStack({ stack: [stack[0], stack[4]].join('\n') }).site).toBe('/app/src/server.ts:7:5')
  })
})
