/** What cannot be read is written down and does not stop the rest. */
import { maskSecrets } from '@whetstone/model'

export class Parts {
  readonly unavailable: Record<string, string> = {}

  async read<T>(part: string, otherwise: T, read: () => Promise<T>): Promise<T> {
    try {
      return await read()
    } catch (error) {
      this.note(part, reasonOf(error))
      return otherwise
    }
  }

  /** The first reason stays: later ones usually follow from it. */
  note(part: string, why: string): void {
    this.unavailable[part] ??= maskSecrets(why)
  }
}

/** Several addresses of one host fail as one AggregateError with an empty message. */
export function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0])
  return error instanceof Error ? error.message || error.name : String(error)
}
