/** Runs a part of the probe so that its failure ends the probe and never reaches the service. */
import { disable } from './level.ts'

let failure: string | undefined

export function failed(error: unknown): void {
  failure ??= error instanceof Error ? (error.stack ?? error.message) : String(error)
  disable()
}

/** Why the probe switched itself off, once. */
export function takeFailure(): string | undefined {
  return failure
}

export function guarded<Arguments extends readonly unknown[]>(run: (...args: Arguments) => void) {
  return (...args: Arguments): void => {
    try {
      run(...args)
    } catch (error) {
      failed(error)
    }
  }
}
