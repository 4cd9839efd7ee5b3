/** A client that adds nothing of its own to a request, and shows everything of the answer; over HTTP/2 where the URL says `h2c:`. */
import { type IncomingMessage, type OutgoingHttpHeaders, request } from 'node:http'
import { connect, constants, type IncomingHttpHeaders } from 'node:http2'
import { once } from 'node:events'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'

interface Head {
  readonly status: number
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
}

export interface Got extends Head {
  readonly body: string
}

export interface AskOptions {
  readonly method?: string
  /** Over HTTP/2 also `:authority` and its like. */
  readonly headers?: OutgoingHttpHeaders
  readonly body?: string
}

export async function ask(url: string, options: AskOptions = {}): Promise<Got> {
  const { status, headers, stream } = await opened(url, options)
  return { status, headers, body: await wholeText(stream) }
}

/** Also over HTTP/2, where Node ends what was cancelled as if it were whole. @throws for what was cut off */
export async function wholeText(stream: Readable & { readonly rstCode?: number }): Promise<string> {
  const body = await text(stream)
  if (stream.rstCode !== undefined && stream.rstCode !== constants.NGHTTP2_NO_ERROR)
    throw new Error(`cut off: ${stream.rstCode}`)
  return body
}

/** The answer as it comes; destroying the stream hangs up. */
export async function opened(url: string, options: AskOptions = {}): Promise<Head & { readonly stream: Readable }> {
  return url.startsWith('h2c:') ? await openedByHttp2(new URL(url), options) : await openedByHttp1(url, options)
}

async function openedByHttp1(url: string, { method = 'GET', headers = {}, body }: AskOptions) {
  const asked = request(url, { method, headers, agent: false })
  asked.end(body)
  const [response] = (await once(asked, 'response')) as [IncomingMessage]
  return { status: response.statusCode!, headers: response.headers, stream: response }
}

async function openedByHttp2({ host, pathname, search }: URL, { method = 'GET', headers = {}, body }: AskOptions) {
  const session = connect(`http://${host}`)
  const head = { ':method': method, ':path': `${pathname || '/'}${search}`, ...headers }
  const stream = session.request(head, { endStream: body === undefined })
  if (body !== undefined) stream.end(body)
  stream.once('close', () => session.close())
  const [answer] = (await once(stream, 'response')) as [IncomingHttpHeaders & { ':status': number }]
  return { status: answer[':status'], headers: answer, stream }
}
