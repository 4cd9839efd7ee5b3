import { once } from 'node:events'
import { connect } from 'node:net'
import { expect, test } from 'vitest'
import { ProbeReceiver } from './receiver.ts'

const hello = {
  schema: 'whetstone/probe@1',
  pid: 1,
  ppid: 0,
  node: 'v20',
  level: 'trace',
  entry: '',
  workingDirectory: '',
}

test('the tool outlives a service that dies while it is asked for what it has', async () => {
  const receiver = new ProbeReceiver()
  const { socketPath } = await receiver.start()
  const service = connect(socketPath)
  const heard = new Promise(resolve => receiver.onListening(resolve))
  const listening = { kind: 'listening', port: 1, address: '127.0.0.1', atMs: 0 }
  service.write(`${JSON.stringify(hello)}\n${JSON.stringify(listening)}\n`)
  await heard
  const gone = once(service, 'close')
  service.destroy()
  await gone
  // The receiver has not heard of it yet: what it writes now comes back as an error.
  expect(receiver.processes()).toHaveLength(1)
  await receiver.flush()
  expect(receiver.processes()).toHaveLength(0)
  await receiver.close()
})
