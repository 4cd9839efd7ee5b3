/** One question to a loopback port in plain text, to learn who listens there. */
import { connect } from 'node:net'

/** Sends `question` (which may be empty) and resolves with what came until `enough` matched or the other side closed. */
export async function askPort(port: number, question: string, enough: RegExp): Promise<string> {
  return await new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(question))
    let answer = ''
    socket.setTimeout(1000, () => socket.destroy(new Error('no answer within 1 s')))
    socket.setEncoding('utf8').on('data', (text: string) => {
      answer += text
      if (enough.test(answer)) socket.destroy()
    })
    socket.on('error', reject)
    socket.on('close', () => resolve(answer))
  })
}
