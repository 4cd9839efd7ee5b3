/** What cannot be read is written down and does not stop the rest. */
import { maskSecrets } from '@whetstone/model'
import { reasonOf } from './connect.ts'

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
