/** What workers on one host or many need to agree on, and nothing more; one code path for all of them. */

export interface Bus {
  readonly name: string
  /** The value of `make`, called by one member only, once for this key; the others are given its result (JSON), or its failure. */
  once<T>(key: string, make: () => Promise<T>): Promise<T>
  /** Resolves when `members` have arrived at this name; rejects with `WHET_LOAD_BARRIER` after `timeoutMs`, naming how many came. */
  barrier(name: string, members: number, timeoutMs: number): Promise<void>
  /**
   * Hands a message (JSON) to the controller, in order per sender. Resolves when the controller has it, with what its clock
   * said then (monotonic milliseconds). Rejects with `WHET_LOAD_BUS` when it does not answer.
   */
  publish(message: unknown): Promise<number>
  /** What the controller says to all, in order, each once. Returns how to stop listening. */
  onControl(listener: (message: unknown) => void): () => void
  close(): Promise<void>
}

/** The controller's side. */
export interface ControlBus extends Bus {
  control(message: unknown): Promise<void>
  /** What is published before anybody listens, or after, waits. */
  onMessage(listener: (sender: string, message: unknown) => void): () => void
}
