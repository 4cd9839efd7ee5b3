import { exitCodes, WhetstoneError } from '@whetstone/model'
import { describe, expect, it } from 'vitest'
import { printError } from './error.ts'
import { createTerminal, type Terminal } from './terminal.ts'

/** What a terminal shows, with or without colour. */
function shown(print: (terminal: Terminal) => void, isTTY: boolean): string {
  let text = ''
  const stream = { isTTY, columns: 200, write: (part: string) => (text += part) } as unknown as NodeJS.WriteStream
  print(createTerminal({ stdout: stream, stderr: stream, env: {} }))
  return text
}

describe.each([true, false])('an error on a terminal with colour: %s', isTTY => {
  it('says what happened and what to type, without the secrets in it', () => {
    const error = new WhetstoneError('WHET_TARGET_EXITED', 'node app.js --password=hunter2 exited with code 1', {
      exitCode: exitCodes.target,
      logTail: ['cookie: sid=hunter2', 'DATABASE_URL=postgres://app:hunter2@db/shop', 'the port is taken'],
      hint: 'Check that this runs by itself:\n  node app.js --token=hunter2',
    })
    const text = shown(terminal => printError(error, terminal, true), isTTY)
    for (const part of ['exited with code 1', '(exit 3)', 'the port is taken', 'Check that this', 'cookie: ***'])
      expect(text).toContain(part)
    expect(text).not.toContain('hunter2')
  })

  it('of our own is shown with its stack, without the secrets in it', () => {
    const text = shown(terminal => printError(new Error('no key api_key=hunter2'), terminal, false), isTTY)
    expect(text).toContain('internal error: no key api_key=***')
    expect(text).not.toContain('hunter2')
  })
})

describe('a terminal', () => {
  it('masks results and live lines too, and keeps its colours', () => {
    const text = shown(terminal => {
      terminal.out(terminal.colour.bold('x-api-key: hunter2'))
      terminal.transient('GET /me?token=hunter2')
    }, true)
    expect(text).toContain('x-api-key: ***\u001B[22m\n')
    expect(text).toContain('GET /me?token=***')
  })
})
