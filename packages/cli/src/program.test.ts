import type { Command } from 'commander'
import { describe, expect, it } from 'vitest'
import { withUrlLast } from './command-line.ts'
import { createProgram } from './program.ts'
import { createTerminal } from './terminal/terminal.ts'

function program(): Command {
  const { stdout, stderr } = process
  return createProgram({
    terminal: createTerminal({ stdout, stderr, env: {} }),
    signal: new AbortController().signal,
    words: [],
    setExitCode: () => {},
    runSaved: () => {},
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

  it('of diagnose hold the measured time, and the word against copies', () => {
    expect(flagsOf('diagnose')).toEqual(expect.arrayContaining(['--duration', '--no-copy']))
  })

  it.each(['diagnose', 'trial'])('of %s show no empty list as a default', name => {
    const found = program().commands.find(command => command.name() === name)
    expect(found?.helpInformation()).toContain('(default: 3s)')
    expect(found?.helpInformation()).not.toContain('[])')
  })

  it.each(['diagnose', 'trial'])('of %s say when a command has become a service', name => {
    expect(flagsOf(name)).toEqual(expect.arrayContaining(['--port', '--ready', '--start-timeout']))
  })
})

describe('a URL as the service', () => {
  const url = 'http://127.0.0.1:8080'
  const parsed = (words: readonly string[]) => withUrlLast(words, program())

  it.each([
    [['diagnose', url, '--db', 'postgres://a/b', '--json']],
    [['diagnose', '--db', 'postgres://a/b', url, '--json']],
    [['diagnose', '--db', 'postgres://a/b', '--json', url]],
  ])('has its flags before it or behind it: %j', words => {
    expect(parsed(words)).toEqual(['diagnose', '--db', 'postgres://a/b', '--json', url])
  })

  it('keeps the flags before the name of the command where they were', () => {
    expect(parsed(['--no-color', 'diagnose', url, '--json'])).toEqual(['--no-color', 'diagnose', '--json', url])
  })

  it.each([
    [['diagnose', '--', 'node', 'server.js', url, '--port', '1']],
    [['diagnose', 'node', 'server.js', url, '--json']],
    [['explain', 'n-plus-one']],
    [['diagnose', '--rate']],
    [[]],
  ])('is not looked for elsewhere: %j', words => expect(parsed(words)).toBe(words))
})
