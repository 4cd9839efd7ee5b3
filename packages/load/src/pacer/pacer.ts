/** Sleeps until the next request is due without blocking the thread that reads answers. */
export interface Pacer {
  /** Calls `wake` at `atMs` on the engine's clock, or a little before: the engine then asks again. A new sleep replaces the one before. */
  sleepUntil(atMs: number, wake: () => void): void
  close(): void
}
