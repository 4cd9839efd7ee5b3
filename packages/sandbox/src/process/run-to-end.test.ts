import { expect, it } from 'vitest'
import { runToEnd } from './run-to-end.ts'

it('resolves with the output of a command that was given input', async () => {
  expect(await runToEnd('cat', [], { input: 'hello' })).toBe('hello')
})

it('rejects with status and last line of a command that fails', async () => {
  await expect(runToEnd('sh', ['-c', 'echo first; echo the reason >&2; exit 3'])).rejects.toMatchObject({
    code: 'WHET_SANDBOX_COMMAND',
    message: 'sh ended with 3: the reason',
    logTail: ['first', 'the reason'],
  })
})

it('rejects when there is no such command', async () => {
  await expect(runToEnd('/no/such/command', [])).rejects.toMatchObject({ code: 'WHET_SANDBOX_COMMAND' })
})

it('ends a command that takes too long', async () => {
  await expect(runToEnd('sleep', ['60'], { timeoutMs: 50 })).rejects.toThrow('sleep ended with SIGKILL')
})
