import { describe, expect, it } from 'vitest'
import type { PostgresServer } from '@whetstone/sandbox'
import { scratchDatabase } from './scratch.ts'

function startable() {
  const calls = { started: 0, stopped: 0 }
  const startPostgres = () => {
    calls.started++
    return Promise.resolve({ stop: () => Promise.resolve(void calls.stopped++) } as unknown as PostgresServer)
  }
  return { calls, startPostgres }
}

describe('the scratch database', () => {
  it('is started once, when it is asked for, and stopped at the end', async () => {
    const { calls, startPostgres } = startable()
    const scratch = await scratchDatabase({ mayCopy: true, startPostgres })
    expect(calls).toEqual({ started: 0, stopped: 0 })
    expect(await scratch.open!()).toBe(await scratch.open!())
    await scratch.close()
    expect(calls).toEqual({ started: 1, stopped: 1 })
  })

  it('is not started when nobody asks', async () => {
    const { calls, startPostgres } = startable()
    await (await scratchDatabase({ mayCopy: true, startPostgres })).close()
    expect(calls).toEqual({ started: 0, stopped: 0 })
  })

  it('does not fail the end of a run because it could not be started', async () => {
    const startPostgres = () => Promise.reject(new Error('PostgreSQL for this machine is not installed'))
    const scratch = await scratchDatabase({ mayCopy: true, startPostgres })
    await expect(scratch.open!()).rejects.toThrow('not installed')
    await expect(scratch.close()).resolves.toBeUndefined()
  })

  it('is not waited for when it takes its time to go: its watchdog sees to that', async () => {
    let isStopping = false
    const stop = () => {
      isStopping = true
      return new Promise<void>(() => {})
    }
    const startPostgres = () => Promise.resolve({ stop } as unknown as PostgresServer)
    const scratch = await scratchDatabase({ mayCopy: true, startPostgres, mostWaitMs: 5 })
    await scratch.open!()
    await expect(scratch.close()).resolves.toBeUndefined()
    expect(isStopping).toBe(true)
  })

  it('is not offered when rows may not be copied', async () => {
    const scratch = await scratchDatabase({ mayCopy: false, startPostgres: startable().startPostgres })
    expect(scratch.open).toBeUndefined()
  })
})
