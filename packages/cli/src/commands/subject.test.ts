/** What is typed for a service: a URL, a command, or neither. */
import { describe, expect, it } from 'vitest'
import type { CommandContext } from '../context.ts'
import { subjectOf } from './subject.ts'

const subject = (...words: readonly string[]) =>
  subjectOf('load', words, {}, { workingDirectory: '/app' } as CommandContext)

describe('subjectOf', () => {
  it('takes a URL, or a command', () => {
    expect(subject('http://127.0.0.1:1/x')).toEqual({ kind: 'url', url: 'http://127.0.0.1:1/x' })
    expect(subject('node', 'server.js', '127.0.0.1:1')).toMatchObject({ kind: 'command' })
    expect(subject('./serve')).toMatchObject({ kind: 'command', command: ['./serve'] })
  })

  it.each(['127.0.0.1:3061/posts', 'localhost', 'localhost/x', 'shop.test:80', '[::1]:80'])(
    'asks whether %s is meant as a URL',
    word => {
      expect(() => subject(word)).toThrow(
        expect.objectContaining({
          code: 'WHET_URL',
          hint: expect.stringMatching(/^did you mean whetstone load '?http:\/\//) as string,
        }) as Error,
      )
    },
  )

  it('takes a command of Whetstone behind another for what it is', () => {
    expect(() => subject('capacity', 'http://127.0.0.1:1')).toThrow(
      expect.objectContaining({
        code: 'WHET_FLAG',
        message: "'capacity' is a command of its own, no kind of load",
        hint: 'whetstone capacity http://127.0.0.1:1',
      }) as Error,
    )
    expect(() => subject('diagnose', 'node', 'server.js')).toThrow(
      expect.objectContaining({ hint: 'whetstone diagnose -- node server.js' }) as Error,
    )
    expect(subject('./capacity', 'http://127.0.0.1:1')).toMatchObject({ kind: 'command' })
  })

  it('refuses a URL with a command behind it', () => {
    expect(() => subject('http://127.0.0.1:1', 'node', 'x.js')).toThrow('a URL or a command, not both')
  })
})
