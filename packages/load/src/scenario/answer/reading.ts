/** What checks and extractions read of an answer: nothing is decoded before somebody asks, and nothing twice. */
import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib'
import type { Answer } from '../compiled.ts'
import { scanJson, UNSURE } from './json-scan.ts'
import type { ScanStep } from './json-scan.ts'

/** An answer as the author's own functions see it. Only valid during the call. */
export interface ReadableAnswer {
  readonly status: number
  /** On the wire. */
  readonly bodyBytes: number
  /** From the send to the last byte. */
  readonly serviceMs: number
  /** The first field of that name, whatever its case. */
  header(name: string): string | undefined
  text(): string
  /** The body as JSON. Throws when it is not. */
  // oxlint-disable-next-line typescript/no-explicit-any -- what a service answers is the author's to know, and a cast on every use would hide the check
  json(): any
}

/** A compressed body that unfolds to more than this is an attack or a mistake. */
const MAX_UNFOLDED_BYTES = 64 * 1024 * 1024
const NOTHING: unique symbol = Symbol('not read yet')
const EMPTY: Answer = { status: 0, bodyBytes: 0, serviceMs: 0, head: '', body: Buffer.alloc(0) }

/** One for a whole scenario: answers are read one after another, never two at a time. */
export class Reading implements ReadableAnswer {
  #answer: Answer = EMPTY
  #bytes: Buffer | undefined
  #text: string | undefined
  #json: unknown = NOTHING

  open(answer: Answer): this {
    this.#answer = answer
    this.#bytes = undefined
    this.#text = undefined
    this.#json = NOTHING
    return this
  }

  get status(): number {
    return this.#answer.status
  }

  get bodyBytes(): number {
    return this.#answer.bodyBytes
  }

  get serviceMs(): number {
    return this.#answer.serviceMs
  }

  get head(): string {
    return this.#answer.head
  }

  header(name: string): string | undefined {
    return headerPattern(name).exec(this.#answer.head)?.[1]
  }

  /** The body, unfolded where it came compressed. */
  bytes(): Buffer {
    return (this.#bytes ??= this.#unfolded())
  }

  text(): string {
    return (this.#text ??= this.bytes().toString('utf8'))
  }

  json(): unknown {
    if (this.#json === NOTHING) this.#json = JSON.parse(this.text())
    return this.#json
  }

  /** One value of the body, without parsing the rest of it; UNSURE when only the whole document can tell. */
  scan(steps: readonly ScanStep[]): unknown {
    return this.#json === NOTHING ? scanJson(this.bytes(), steps) : UNSURE
  }

  #unfolded(): Buffer {
    const { head, body } = this.#answer
    if (!CODED.test(head)) return body
    const options = { maxOutputLength: MAX_UNFOLDED_BYTES }
    switch (this.header('content-encoding')?.trim().toLowerCase()) {
      case 'gzip':
      case 'x-gzip':
        return gunzipSync(body, options)
      case 'deflate':
        return inflateSync(body, options)
      case 'br':
        return brotliDecompressSync(body, options)
      default:
        return body
    }
  }
}

const CODED = /^content-encoding:/im
const patterns = new Map<string, RegExp>()

function headerPattern(name: string): RegExp {
  let pattern = patterns.get(name)
  if (pattern === undefined) {
    const escaped = name.replaceAll(/[^\w-]/g, String.raw`\$&`)
    pattern = new RegExp(String.raw`^${escaped}:[ \t]*([^\r\n]*?)[ \t]*\r?$`, 'im')
    patterns.set(name, pattern)
  }
  return pattern
}
