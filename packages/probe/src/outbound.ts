/** Requests the service makes to others while it serves one, by fetch, undici or node:http. */
import diagnostics from 'node:diagnostics_channel'
import http from 'node:http'
import { captureCallSite } from './call-site.ts'
import { now } from './clock.ts'
import { currentRequest } from './context.ts'
import { guarded } from './guard.ts'
import { level, SQL, TRACE } from './level.ts'
import type { RequestRecord } from './request-record.ts'
import { collapsePath } from './route-name.ts'
import type { Site } from '@whetstone/model'

interface UndiciRequest {
  readonly origin?: string | URL
  readonly method?: string
  readonly path?: string
}
type Below = (...args: never[]) => unknown

class OutboundCall {
  readonly #record: RequestRecord
  readonly #method: string
  readonly #host: string
  readonly #urlTemplate: string
  readonly #site: Site | undefined
  readonly #startedAt = now()
  #isFinished = false
  statusCode: number | undefined

  constructor(record: RequestRecord, method: string, host: string, path: string, below: Below) {
    this.#record = record
    this.#method = method
    this.#host = host
    this.#urlTemplate = collapsePath(path)
    if (level >= TRACE) this.#site = siteOfPeer(`${method} ${host}${this.#urlTemplate}`, record, below)
  }

  finish(failed: boolean): void {
    if (this.#isFinished) return
    this.#isFinished = true
    const record = this.#record
    if (record.isFinished) return
    const durationMs = now() - this.#startedAt
    record.outbound++
    record.outboundMs += durationMs
    if (level < TRACE) return
    record.addSpan({
      kind: 'outbound',
      startedAt: this.#startedAt,
      durationMs,
      failed: failed || (this.statusCode ?? 0) >= 500,
      method: this.#method,
      host: this.#host,
      urlTemplate: this.#urlTemplate,
      statusCode: this.statusCode,
      site: this.#site,
    })
  }
}

const sitesAtFirst = 20
const siteEvery = 128
const peersKept = 2_000
const peers = new Map<string, { calls: number; site: Site | undefined }>()

function siteOfPeer(name: string, record: RequestRecord, below: Below): Site | undefined {
  let peer = peers.get(name)
  if (peer === undefined) {
    peer = { calls: 0, site: undefined }
    if (peers.size < peersKept) peers.set(name, peer)
  }
  const calls = ++peer.calls
  if (calls <= sitesAtFirst || calls % siteEvery === 0) peer.site = captureCallSite(below, record).site ?? peer.site
  return peer.site
}

export function hookOutbound(): void {
  hookUndici()
  hookAgent(http.Agent.prototype as unknown as AgentPrototype)
}

function ongoing(): RequestRecord | undefined {
  const record = level < SQL ? undefined : currentRequest()
  return record?.isFinished ? undefined : record
}

function hookUndici(): void {
  const calls = new WeakMap<object, OutboundCall>()
  const created = (message: unknown): void => {
    const { request } = message as { readonly request: UndiciRequest }
    const record = ongoing()
    if (record === undefined) return
    const host = new URL(String(request.origin ?? 'http://unknown')).host
    calls.set(request, new OutboundCall(record, request.method ?? 'GET', host, request.path ?? '/', created))
  }
  diagnostics.subscribe('undici:request:create', guarded(created))
  diagnostics.subscribe(
    'undici:request:headers',
    guarded(message => {
      const { request, response } = message as {
        readonly request: object
        readonly response: { readonly statusCode: number }
      }
      const call = calls.get(request)
      if (call) call.statusCode = response.statusCode
    }),
  )
  const ended = (failed: boolean) =>
    guarded((message: unknown) => calls.get((message as { readonly request: object }).request)?.finish(failed))
  diagnostics.subscribe('undici:request:trailers', ended(false))
  diagnostics.subscribe('undici:request:error', ended(true))
}

interface AgentPrototype {
  addRequest(this: unknown, request: http.ClientRequest, ...rest: unknown[]): unknown
}

/** Every request of node:http is given to its agent while the caller is still on the stack. */
function hookAgent(prototype: AgentPrototype): void {
  const original = prototype.addRequest
  const watch = guarded((request: http.ClientRequest) => {
    const record = ongoing()
    if (record === undefined) return
    const host = String(request.getHeader('host') ?? request.host)
    const call = new OutboundCall(record, request.method, host, request.path, prototype.addRequest as Below)
    // `close` comes after the answer's last byte and after any failure.
    request.once('close', () => {
      const { res } = request as http.ClientRequest & { readonly res?: http.IncomingMessage }
      call.statusCode = res?.statusCode
      call.finish(res === undefined)
    })
  })
  prototype.addRequest = function addRequest(request, ...rest) {
    watch(request)
    return original.call(this, request, ...rest)
  }
}
