/** Test support: a small service of `fixtures` as its clients and its operator see it: answers to the byte, output, exit. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { request } from 'node:http'
import { fileURLToPath } from 'node:url'
import { runnable } from './observe-fixture.ts'

export interface Call {
  readonly method: string
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}
export interface SeenFromOutside {
  /** Status, headers in their order and body of each call; `no answer` where the service died of it, and nothing after that. */
  readonly answers: readonly string[]
  /** Without the frames of Node itself: it calls back by another way as soon as anybody follows asynchronous contexts. */
  readonly output: string
  readonly exit: readonly [code: number | null, signal: string | null]
}

const noAnswer = 'no answer'
const tellPort = fileURLToPath(new URL('tell-port.mjs', import.meta.url))

/** Calls one after another, each followed by `afterCall`, then asks the service to end. */
export async function seenFromOutside(
  file: string,
  calls: readonly Call[],
  env: Readonly<Record<string, string | undefined>>,
  afterCall = async (): Promise<void> => {},
): Promise<SeenFromOutside> {
  const child = fork(await runnable({ file }), [], {
    execArgv: [`--import=${tellPort}`],
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  let output = ''
  for (const stream of [child.stdout!, child.stderr!])
    stream.setEncoding('utf8').on('data', (text: string) => (output += text))
  const closed = once(child, 'close') as Promise<[number | null, string | null]>
  const told = (await Promise.race([once(child, 'message'), closed])) as [{ port: number }]
  const answers: string[] = []
  for (const call of calls) {
    if (answers.at(-1) === noAnswer) break
    answers.push(await answerTo(call, told[0].port))
    await afterCall()
  }
  // Who dies of a call is given the time to say why.
  if (answers.at(-1) !== noAnswer) child.kill('SIGTERM')
  const exit = await closed
  return { answers, output: output.replaceAll(/\n +at [^\n]*\(node:internal[^\n]*?\)(?=$|\n| \{)/g, ''), exit }
}

async function answerTo({ method, path, headers = {}, body }: Call, port: number): Promise<string> {
  return await new Promise(resolve => {
    const sent = request({ host: '127.0.0.1', port, method, path, headers, agent: false }, async answer => {
      let text = ''
      for await (const part of answer.setEncoding('utf8')) text += part
      const lines = pairsOf(answer.rawHeaders).map(([name, value]) => `${name}: ${name === 'Date' ? '…' : value}`)
      resolve([answer.statusCode, ...lines, text].join('\n'))
    })
    sent.on('error', () => resolve(noAnswer))
    sent.end(body)
  })
}

function pairsOf(words: readonly string[]): (readonly [string, string])[] {
  return words.flatMap((word, at) => (at % 2 === 0 ? [[word, words[at + 1]!] as const] : []))
}
