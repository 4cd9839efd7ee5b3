/** Who sends the load, and what is said while its workers are waited for. */
import type { LoadPlan } from '@whetstone/load'
import { startNats } from '@whetstone/sandbox'
import { Command } from 'commander'
import { describe, expect, it } from 'vitest'
import type { CommandContext } from '../context.ts'
import { createTerminal } from '../terminal/terminal.ts'
import { addLoadOptions, type LoadOptions } from './load-options.ts'
import { runnerOf } from './load-runner.ts'

const plan: LoadPlan = {
  target: { host: '127.0.0.1', port: 1 },
  routes: [{ route: 'GET /', weight: 1, requests: [{ method: 'GET', path: '/', headers: {} }] }],
  ratePerSecond: 10,
  durationMs: 1000,
  warmUpMs: 0,
  arrivals: 'uniform',
  seed: 1,
  maxConnections: 8,
  timeoutMs: 1000,
}

function runnerFor(...words: string[]) {
  let progress = ''
  const stderr = { isTTY: false, write: (text: string) => ((progress += text), true) } as unknown as NodeJS.WriteStream
  const terminal = createTerminal({ stdout: process.stdout, stderr, env: { LANG: 'C.UTF-8' } })
  const options = addLoadOptions(new Command()).parse(words, { from: 'user' }).opts<LoadOptions>()
  return { run: runnerOf(options, { terminal } as CommandContext), progress: () => progress }
}

describe('workers on other hosts', () => {
  it.each(['nats://me:secret@127.0.0.1:1', 'nats://a-token@127.0.0.1:1', 'nats://127.0.0.1:1'])(
    'are told how to join, without who may: %s',
    async nats => {
      const { run, progress } = runnerFor('--nats', nats, '--workers', '2')
      await expect(run(plan)).rejects.toMatchObject({ code: 'WHET_LOAD_NATS' })
      expect(progress()).toContain(
        'waiting for 2: whetstone load worker --nats nats://127.0.0.1:1 --nats-run whetstone',
      )
      expect(progress()).not.toMatch(/me|secret|token|\*/)
    },
  )

  it('are waited for as long as is said', { timeout: 120_000 }, async context => {
    const nats = await startNats({ ...process.env, WHETSTONE_NATS_URL: '' })
    if (nats.kind === 'not-available') return context.skip(`not run: ${nats.reason}`)
    try {
      const { run } = runnerFor('--nats', nats.url, '--workers', '2', '--wait', '300ms')
      await expect(run(plan)).rejects.toMatchObject({
        code: 'WHET_LOAD_WORKERS',
        message: '0 of 2 workers had come after 0.3 s',
      })
    } finally {
      await nats.stop()
    }
  })

  it('are a number that somebody must give', () => {
    expect(() => runnerFor('--nats', 'nats://127.0.0.1:1')).toThrow(expect.objectContaining({ code: 'WHET_FLAG' }))
  })

  it('of a name that cannot be a subject would never be found', () => {
    expect(() => runnerFor('--nats', 'nats://127.0.0.1:1', '--workers', '2', '--nats-run', 'a.b')).toThrow(
      expect.objectContaining({ message: "--nats-run is 'a.b'; write letters, digits, - and _" }),
    )
  })

  it.each(['--nats-run', '--wait'])('are nobody without --nats, so that %s says nothing', flag => {
    expect(() => runnerFor(flag, '3s')).toThrow(
      expect.objectContaining({ message: `${flag} is for the workers of --nats, which is not given` }),
    )
  })
})
