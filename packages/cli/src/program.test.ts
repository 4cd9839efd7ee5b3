import type { Command } from 'commander'
import { describe, expect, it } from 'vitest'
import { createProgram } from './program.ts'
import { createTerminal } from './terminal/terminal.ts'

function program(): Command {
  const { stdout, stderr } = process
  return createProgram({
    terminal: createTerminal({ stdout, stderr, env: {} }),
    signal: new AbortController().signal,
    words: [],
    setExitCode: () => {},
  })
}

function flagsOf(name: string): readonly string[] {
  const found = program().commands.find(command => command.name() === name)
  return (found?.options ?? []).map(option => option.long ?? '')
}

describe('the flags', () => {
  it('of trial are those it reads', () => {
    expect(flagsOf('trial')).not.toContain('--duration')
    expect(flagsOf('trial')).toEqual(
      expect.arrayContaining(['--rate', '--warm-up', '--seed', '--db', '--allow-host', '--route', '--i-own-this']),
    )
  })

  it('of diagnose hold the measured time', () => {
    expect(flagsOf('diagnose')).toContain('--duration')
  })
})
