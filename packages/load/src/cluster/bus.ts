/** What workers on one host or many need to agree on, and nothing more; one code path for all of them. */

export interface Bus {
  /** The value of `make`, called by one member only, once for this key; the others are given its result (JSON). */
  once<T>(key: string, make: () => Promise<T>): Promise<T>
  /** Resolves when `members` have arrived at this name; rejects with `WHET_LOAD_BARRIER` after `timeoutMs`, naming how many came. */
  barrier(name: string, members: number, timeoutMs: number): Promise<void>
  /** Hands a message (JSON) to the controller; delivered at least once, in order per sender. */
  publish(message: unknown): Promise<void>
  /** What the controller says to all: `stop`, `start`. Returns how to stop listening. */
  onControl(listener: (message: unknown) => void): () => void
  close(): Promise<void>
}

/** The controller's side. */
export interface ControlBus extends Bus {
  control(message: unknown): Promise<void>
  onMessage(listener: (sender: string, message: unknown) => void): () => void
}
