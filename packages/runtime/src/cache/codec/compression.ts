/** The compressions of Node, by name, off the event loop, and never to more bytes than were allowed. */
import { promisify } from 'node:util'
import * as zlib from 'node:zlib'

/** `zstd` where Node has it, from 22.15 on. */
export type CompressionName = 'br' | 'gzip' | 'deflate' | 'zstd'

export interface Compression {
  /** Written with every payload; 0 is none. */
  readonly id: number
  compress(bytes: Uint8Array): Promise<Uint8Array>
  /** @throws for what is broken, or larger than `maxBytes` */
  decompress(bytes: Uint8Array, maxBytes: number): Promise<Uint8Array>
}

type Compress = (bytes: Uint8Array, options: object, done: (error: Error | null, bytes: Buffer) => void) => void

const node = zlib as unknown as Readonly<Record<string, Compress | undefined>>

/** Brotli's own default, 11, takes a hundred times as long as 4 for a tenth fewer bytes: right for files, not for answers. */
const brotliQuality = 4

/** Undefined where this Node does not have it. */
export const compressions: Readonly<Record<CompressionName, Compression | undefined>> = {
  br: of(1, node['brotliCompress'], node['brotliDecompress'], {
    params: { [zlib.constants.BROTLI_PARAM_QUALITY]: brotliQuality },
  }),
  gzip: of(2, node['gzip'], node['gunzip']),
  deflate: of(3, node['deflate'], node['inflate']),
  zstd: of(4, node['zstdCompress'], node['zstdDecompress']),
}

function of(id: number, compress?: Compress, decompress?: Compress, options: object = {}): Compression | undefined {
  if (compress === undefined || decompress === undefined) return undefined
  const [pressed, released] = [promisify(compress), promisify(decompress)] as const
  return {
    id,
    compress: async bytes => (await pressed(bytes, options)) as Buffer,
    decompress: async (bytes, maxBytes) => (await released(bytes, { maxOutputLength: maxBytes })) as Buffer,
  }
}
