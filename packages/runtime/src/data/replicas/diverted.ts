/** Bounds the reads that go to the primary though they were meant for replicas: it must not fall with them. */
import { Fault } from '../../fault.ts'

export class Diverted {
  readonly #limit: number
  #inFlight = 0

  constructor(limit: number) {
    this.#limit = limit
  }

  get inFlight(): number {
    return this.#inFlight
  }

  get isFull(): boolean {
    return this.#inFlight >= this.#limit
  }

  async run<T>(work: () => Promise<T>): Promise<T> {
    this.#inFlight++
    try {
      return await work()
    } finally {
      this.#inFlight--
    }
  }

  refuse(): Fault {
    return new Fault('FAULT_REPLICAS_SHED', `${this.#inFlight} reads are on the primary for want of a replica`, {
      retryable: true,
      hint: 'bring a replica back, or raise maxDivertedReads when the primary has room',
    })
  }
}
