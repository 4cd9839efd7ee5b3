/** Which of the flags somebody typed are printed again with the next command. */
import { Command } from 'commander'
import { describe, expect, it } from 'vitest'
import { flagsOf, keptFlags, switches } from './kept-flags.ts'
import { addCapacityOptions } from './load-options.ts'

describe('flagsOf', () => {
  const typed = `whetstone load --json --route 'GET /a b' --rate=20 --shape ramp:1..5 --insecure http://127.0.0.1:1 --seed 4`

  it('keeps those that the next command reads alike, quoted as they must be', () => {
    expect(flagsOf(typed, keptFlags.search)).toBe(`--route 'GET /a b' --insecure --seed 4`)
    expect(flagsOf(typed, keptFlags.diagnoseAtRate)).toBe(`--route 'GET /a b' --rate=20 --seed 4`)
    expect(flagsOf(typed, keptFlags.sameLoad)).toContain('--shape ramp:1..5')
  })

  it('leaves the flags of the service to the service', () => {
    expect(flagsOf('whetstone load --ready /up -- node server.js --seed 9', keptFlags.search)).toBe('--ready /up')
  })

  it('knows every flag of a load test, and which of them take a value', () => {
    const { options } = addCapacityOptions(new Command())
    const alone = options.filter(option => !option.required && !option.optional).map(({ long }) => long)
    expect(switches).toEqual(expect.arrayContaining(alone))
    const known = options.map(({ long }) => long)
    for (const flag of keptFlags.sameLoad) expect(known).toContain(flag)
  })
})
