/** How far the controller's clock is ahead of ours, from the round trip that took least: then the way there and back weighs least. */

export class ClockOffset {
  #bestRoundTripMs = Infinity
  #offsetMs = 0

  /** We asked at `askedMs` and heard at `heardMs`, both on our clock; the other's said `theirMs` in between. */
  observe(askedMs: number, theirMs: number, heardMs: number): void {
    const roundTripMs = heardMs - askedMs
    if (roundTripMs >= this.#bestRoundTripMs) return
    this.#bestRoundTripMs = roundTripMs
    this.#offsetMs = theirMs - (askedMs + heardMs) / 2
  }

  /** Wrong by at most half the shortest round trip. */
  ours(theirMs: number): number {
    return theirMs - this.#offsetMs
  }
}
