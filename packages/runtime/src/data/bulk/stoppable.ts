/** Short waits one after the other, any of them ended early by one event: `Promise.race` would keep what each brought until that event. */

export class Stoppable {
  #stop: { readonly reason: unknown } | undefined
  #refuse: ((reason: unknown) => void) | undefined

  /** @param stopped rejects when no wait shall go on; that it resolves means nothing */
  constructor(stopped: Promise<unknown>) {
    stopped.catch((reason: unknown) => {
      this.#stop = { reason }
      this.#refuse?.(reason)
    })
  }

  /** One at a time. */
  wait<T>(what: T | PromiseLike<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#refuse = reject
      // Why it was stopped is what the caller is to see.
      // oxlint-disable-next-line typescript/prefer-promise-reject-errors
      if (this.#stop !== undefined) reject(this.#stop.reason)
      Promise.resolve(what).then(resolve, reject)
    })
  }
}
