/** The four commands of memcached that the cache is made of, by memjs: its own methods have no compare-and-swap, the protocol it speaks does. */
import { createHash } from 'node:crypto'

interface MemjsResponse {
  readonly header: { readonly status: number; readonly cas: Buffer }
  readonly val: Buffer
}

/** What we use of a `Client` of memjs, 1.3 or later. */
export interface MemjsClient {
  seq: number
  incrSeq(): void
  perform(
    key: string,
    request: Buffer,
    seq: number,
    callback: (error: Error | null, response: MemjsResponse | null) => void,
  ): void
}

export interface Stored {
  readonly bytes: Buffer
  /** Of this very value: a later change makes another. */
  readonly cas: Buffer
}

const headerBytes = 24
const opcodes = { get: 0x00, set: 0x01, add: 0x02, delete: 0x04, increment: 0x05 }
const statuses = { fine: 0, missing: 1, exists: 2, notStored: 5 }
const longestKeyBytes = 250
/** Beyond, a number of seconds would be read as an instant. */
const longestLifeSeconds = 30 * 86_400

export class MemcachedLink {
  readonly #client: MemjsClient
  readonly #prefix: string

  constructor(client: MemjsClient, prefix: string) {
    this.#client = client
    this.#prefix = prefix
  }

  async get(key: string): Promise<Stored | undefined> {
    const { header, val } = await this.#perform(opcodes.get, key)
    return header.status === statuses.missing ? undefined : { bytes: val, cas: header.cas }
  }

  /**
   * Atomic: only over `seen`, or only where there is nothing when that is undefined.
   * @param lifeMs at least; memcached counts in seconds @returns false when it is not as it was seen
   */
  async replace(key: string, seen: Stored | undefined, bytes: Buffer, lifeMs: number): Promise<boolean> {
    const extras = Buffer.alloc(8)
    // Its seconds end with the second they began in: one more.
    extras.writeUInt32BE(Math.min(longestLifeSeconds, Math.ceil(lifeMs / 1_000) + 1), 4)
    const { header } = await this.#perform(seen ? opcodes.set : opcodes.add, key, { extras, bytes, cas: seen?.cas })
    return header.status === statuses.fine
  }

  /** @returns false when it is not as it was seen */
  async remove(key: string, seen: Stored): Promise<boolean> {
    return (await this.#perform(opcodes.delete, key, { cas: seen.cas })).header.status === statuses.fine
  }

  /** A counter that begins at the microseconds since 1970, so that it goes on upwards after a restart. */
  async tick(): Promise<number> {
    const extras = Buffer.alloc(20)
    extras.writeBigUInt64BE(1n, 0)
    extras.writeBigUInt64BE(BigInt(Date.now()) * 1_000n, 8)
    return Number((await this.#perform(opcodes.increment, 'clock', { extras })).val.readBigUInt64BE())
  }

  #perform(
    opcode: number,
    key: string,
    { extras = noBytes, bytes = noBytes, cas }: { extras?: Buffer; bytes?: Buffer; cas?: Buffer | undefined } = {},
  ): Promise<MemjsResponse> {
    const sent = storedKey(this.#prefix + key)
    this.#client.incrSeq()
    const { seq } = this.#client
    const header = Buffer.alloc(headerBytes)
    header.writeUInt8(0x80, 0)
    header.writeUInt8(opcode, 1)
    header.writeUInt16BE(Buffer.byteLength(sent), 2)
    header.writeUInt8(extras.length, 4)
    header.writeUInt32BE(Buffer.byteLength(sent) + extras.length + bytes.length, 8)
    header.writeUInt32BE(seq >>> 0, 12)
    cas?.copy(header, 16)
    const request = Buffer.concat([header, extras, Buffer.from(sent), bytes])
    return new Promise((resolve, reject) => {
      this.#client.perform(sent, request, seq, (error, response) => {
        if (error !== null || response === null) return reject(error ?? new Error('memcached said nothing'))
        if (Object.values(statuses).includes(response.header.status)) return resolve(response)
        reject(new Error(`memcached answered with status ${response.header.status}: ${response.val.toString()}`))
      })
    })
  }
}

const noBytes = Buffer.alloc(0)

/** Its keys are short and have no spaces; of any other key a hash. */
function storedKey(key: string): string {
  if (/^[\x21-\x7e]+$/.test(key) && key.length <= longestKeyBytes && !key.startsWith(hashed)) return key
  return hashed + createHash('sha256').update(key).digest('base64url')
}

const hashed = 'hash:'
