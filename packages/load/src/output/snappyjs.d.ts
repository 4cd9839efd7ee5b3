/** The two functions of snappyjs that are used; it comes without types. */
declare module 'snappyjs' {
  export function compress(data: Uint8Array): Uint8Array<ArrayBuffer>
  export function uncompress(data: Uint8Array): Uint8Array<ArrayBuffer>
}
