/** How values are written for tiers shared by processes. */
export type { Codec } from './codec.ts'
export type { CompressionName } from './compression.ts'
export { jsonCodec } from './json.ts'
export { messagePackCodec } from './message-pack.ts'
export type { MessagePack } from './message-pack.ts'
export { Payloads } from './payload.ts'
export type { PayloadOptions } from './payload.ts'
export { v8Codec } from './v8.ts'
