/** The recorded accesses that lie beside: real services', one key each. Their origin and licence are in traces/README.md. */
import { readFile } from 'node:fs/promises'
import { brotliDecompressSync } from 'node:zlib'

export const traceNames = ['web07', 'web12', 'orm-busy', 'orm-night'] as const

export async function readTrace(name: (typeof traceNames)[number]): Promise<Int32Array> {
  const packed = await readFile(new URL(`traces/${name}.trace.br`, import.meta.url))
  const bytes = brotliDecompressSync(packed)
  const keys = new Int32Array(bytes.length / 4)
  for (let at = 0; at < keys.length; at++) keys[at] = bytes.readInt32BE(at * 4)
  return keys
}
