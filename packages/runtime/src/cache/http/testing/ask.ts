/** A client that adds nothing of its own to a request, and shows everything of the answer. */
import { type OutgoingHttpHeaders, request } from 'node:http'
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'

export interface Got {
  readonly status: number
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly body: string
}

export interface AskOptions {
  readonly method?: string
  readonly headers?: OutgoingHttpHeaders
  readonly body?: string
}

export async function ask(url: string, { method = 'GET', headers = {}, body }: AskOptions = {}): Promise<Got> {
  const asked = request(url, { method, headers, agent: false })
  asked.end(body)
  const [response] = (await once(asked, 'response')) as [IncomingMessage]
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk as Buffer)
  return { status: response.statusCode!, headers: response.headers, body: Buffer.concat(chunks).toString() }
}
