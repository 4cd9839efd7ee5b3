/** What turns a value into bytes for a store shared by processes, and back: a hit from there must be what the load returned. */

export interface Codec<Value = unknown> {
  /**
   * Written with every payload, so that what another codec wrote is a miss and never read as something else. 0 to 7; ours are JSON 0,
   * v8 1 and MessagePack 2, so take one from 3 on, and another whenever the form changes.
   */
  readonly id: number
  /** @throws for what it could not give back as it is */
  encode(value: Value): Uint8Array
  /** Never refers to the memory of `bytes` afterwards. @throws for what is none of its own */
  decode(bytes: Uint8Array): Value
}
