import { describe, expect, it } from 'vitest'
import { createTerminal } from './terminal.ts'

function both(isTTY: { readonly out: boolean; readonly err: boolean }, env: Readonly<Record<string, string>> = {}) {
  const texts = { out: '', err: '' }
  const stream = (name: 'out' | 'err') =>
    ({ isTTY: isTTY[name], write: (part: string) => (texts[name] += part) }) as unknown as NodeJS.WriteStream
  const terminal = createTerminal({ stdout: stream('out'), stderr: stream('err'), env: { LANG: 'C.UTF-8', ...env } })
  return { terminal, texts }
}

describe('colour', () => {
  it.each([
    ['both', { out: true, err: true }],
    ['the result only', { out: true, err: false }],
    ['the progress only', { out: false, err: true }],
    ['neither', { out: false, err: false }],
  ])('reaches what is a terminal: %s', (_, isTTY) => {
    const { terminal, texts } = both(isTTY)
    terminal.out(terminal.colour.red('red'))
    terminal.progress(terminal.colour.red('red'))
    expect(texts.out.includes('\u001B[')).toBe(isTTY.out)
    expect(texts.err.includes('\u001B[')).toBe(isTTY.err)
    expect(texts.out + texts.err).toContain('red')
  })
})

describe('signs', () => {
  const line = '−5 % of 42 µs, ±2'
  it('are written as they are where the locale knows them', () => {
    const { terminal, texts } = both({ out: false, err: false })
    terminal.out(line)
    expect(texts.out).toBe(`${line}\n`)
  })

  it('are written in ASCII elsewhere', () => {
    const { terminal, texts } = both({ out: false, err: false }, { LANG: 'C' })
    terminal.out(line)
    terminal.progress(line)
    expect(texts).toEqual({ out: '-5 % of 42 us, +-2\n', err: '-5 % of 42 us, +-2\n' })
  })
})
