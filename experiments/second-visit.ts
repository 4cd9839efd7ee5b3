/** What a browser transfers when it comes back: it keeps what it was told to keep, and asks about the rest. */
import type { Workload } from '@whetstone/model'
import type { ArmStart } from './arms.ts'
import { whileRunning } from './while-running.ts'

interface Held {
  readonly body: number
  readonly headers: Headers
}

/** The visitor comes back after a day, when what was kept for hours is over. */
const awaySeconds = 86_400

/** Bytes of the bodies and heads of the answers, over all paths of the workload, once each. */
export async function secondVisitBytes(start: ArmStart, workload: Workload): Promise<number> {
  return await whileRunning(start, async baseUrl => {
    const paths = workload.routes.flatMap(route => route.requests.map(({ path }) => path))
    const held = new Map<string, Held>()
    for (const path of paths) held.set(path, await load(baseUrl + path))
    let bytes = 0
    for (const [path, { headers }] of held) {
      if (freshSeconds(headers) > awaySeconds) continue
      const tag = headers.get('etag')
      const again = await load(baseUrl + path, tag ? { 'if-none-match': tag } : {})
      again.headers.forEach((value, name) => (bytes += name.length + value.length + 4))
      bytes += again.body
    }
    return bytes
  })
}

async function load(url: string, headers: Record<string, string> = {}): Promise<Held> {
  const answer = await fetch(url, { headers })
  if (answer.status !== 200 && answer.status !== 304) throw new Error(`${url} answered ${answer.status}`)
  return { body: (await answer.arrayBuffer()).byteLength, headers: answer.headers }
}

/** RFC 9111 §4.2.1, as far as the arms go. */
function freshSeconds(headers: Headers): number {
  const control = headers.get('cache-control') ?? ''
  return /no-cache|no-store/.test(control) ? 0 : Number(/max-age=(\d+)/.exec(control)?.[1] ?? 0)
}
