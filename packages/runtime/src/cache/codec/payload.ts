/** Values as the tiers keep them: one byte that says how it was written, then what the codec made of it, compressed where that pays. */
import type { Codec } from './codec.ts'
import { type Compression, type CompressionName, compressions } from './compression.ts'
import { jsonCodec } from './json.ts'

export interface PayloadOptions {
  /** Default `jsonCodec`. */
  readonly codec?: Codec
  /** Default none: it saves bytes on the wire and in the store, and costs CPU at each load and each hit of that tier. */
  readonly compression?: CompressionName
  /** What is shorter is left as it is; so is what does not become shorter. Default 1,024. */
  readonly compressAboveBytes?: number
  /** Longer values are not kept, and what would decompress to more is a miss. Before compression; default 8 MiB. */
  readonly maxBytes?: number
}

// One byte: two bits of form, three of compression, three of codec. 0 in front is never ours.
const form = 1
const bitsOfPart = 3
const mostOfPart = 2 ** bitsOfPart - 1

export class Payloads {
  readonly #codec: Codec
  readonly #compression: Compression | undefined
  readonly #compressAboveBytes: number
  readonly #maxBytes: number

  /** @throws RangeError for a compression this Node does not have, a codec whose id is none, a bound that is none */
  constructor({
    codec = jsonCodec,
    compression,
    compressAboveBytes = 1_024,
    maxBytes = 8 * 1024 * 1024,
  }: PayloadOptions = {}) {
    if (!(Number.isInteger(codec.id) && codec.id >= 0 && codec.id <= mostOfPart))
      throw new RangeError(`id of a codec must be a whole number from 0 to ${mostOfPart}, not ${codec.id}`)
    for (const [name, bytes] of Object.entries({ compressAboveBytes, maxBytes }))
      if (!(bytes >= 0)) throw new RangeError(`${name} of a cache must be at least 0, not ${bytes}`)
    this.#codec = codec
    this.#compression = compression && compressions[compression]
    if (compression !== undefined && this.#compression === undefined)
      throw new RangeError(`Node ${process.version} has no compression ${compression}`)
    this.#compressAboveBytes = compressAboveBytes
    this.#maxBytes = maxBytes
  }

  /** @returns undefined for a value longer than `maxBytes` @throws what the codec throws for a value it cannot keep */
  async encode(value: unknown): Promise<Uint8Array | undefined> {
    const bytes = this.#codec.encode(value)
    if (bytes.byteLength > this.#maxBytes) return undefined
    if (this.#compression !== undefined && bytes.byteLength > this.#compressAboveBytes) {
      const compressed = await this.#compression.compress(bytes)
      if (compressed.byteLength < bytes.byteLength) return this.#headed(this.#compression.id, compressed)
    }
    return this.#headed(0, bytes)
  }

  /** @returns undefined for what is none of this codec's, of another form, broken, or too long: all of them are a miss */
  async decode(payload: Uint8Array): Promise<{ readonly value: unknown } | undefined> {
    const head = payload[0]
    if (head === undefined || head >> (2 * bitsOfPart) !== form || (head & mostOfPart) !== this.#codec.id)
      return undefined
    const compressionId = (head >> bitsOfPart) & mostOfPart
    try {
      const bytes = await this.#decompressed(compressionId, payload.subarray(1))
      return bytes && { value: this.#codec.decode(bytes) }
    } catch {
      return undefined
    }
  }

  async #decompressed(compressionId: number, bytes: Uint8Array): Promise<Uint8Array | undefined> {
    if (compressionId === 0) return bytes.byteLength > this.#maxBytes ? undefined : bytes
    const compression = Object.values(compressions).find(one => one?.id === compressionId)
    return await compression?.decompress(bytes, this.#maxBytes)
  }

  #headed(compressionId: number, bytes: Uint8Array): Uint8Array {
    const payload = new Uint8Array(1 + bytes.byteLength)
    payload[0] = (form << (2 * bitsOfPart)) | (compressionId << bitsOfPart) | this.#codec.id
    payload.set(bytes, 1)
    return payload
  }
}
