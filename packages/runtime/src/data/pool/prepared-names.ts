/** Which statements of a pool are prepared under a name, and whether names may be used at all: a pooler between may hand our connection to others. */
import { createHash } from 'node:crypto'
import type { PrepareMode } from './options.ts'

/** Texts remembered for the whole pool. A service that builds more than these out of literals gains nothing from preparing. */
const mostTexts = 2_000
/** Longer ones are mostly built anew each time, and would be kept here, in the driver and on the server. */
const longestChars = 10_000

/** SQLSTATEs by which a server says that its names are not those we know; the statement has not run. */
const nameTaken = '42P05'
const nameUnknown = '26000'

export interface PrepareState {
  readonly mode: PrepareMode
  readonly on: boolean
  /** Why not. */
  readonly because?: string
}

interface Known {
  name: string | undefined
}

export class PreparedNames {
  readonly #mode: PrepareMode
  readonly #texts = new Map<string, Known>()
  #off: string | undefined

  constructor(mode: PrepareMode) {
    this.#mode = mode
    if (mode === 'never') this.#off = 'prepare is never'
  }

  get state(): PrepareState {
    return { mode: this.#mode, on: this.#off === undefined, ...(this.#off === undefined ? {} : { because: this.#off }) }
  }

  /** Undefined at a text's first use: what runs once is not worth a plan that stays. The same text has the same name in every process. */
  nameOf(text: string): string | undefined {
    if (this.#off !== undefined || text.length > longestChars) return undefined
    const known = this.#texts.get(text)
    if (known !== undefined) return (known.name ??= nameFor(text))
    if (this.#texts.size >= mostTexts) this.#texts.delete(this.#texts.keys().next().value!)
    this.#texts.set(text, { name: undefined })
    return undefined
  }

  /** Only `auto` gives way. @returns true when names are off from now on and were not before */
  switchOff(because: string): boolean {
    if (this.#mode !== 'auto' || this.#off !== undefined) return false
    this.#off = because
    this.#texts.clear()
    return true
  }
}

function nameFor(text: string): string {
  return `w_${createHash('sha1').update(text).digest('hex').slice(0, 20)}`
}

/** True when the server knows other names than we do: somebody else uses this session too, or it was reset. */
export function isForeignName(error: { readonly code?: string }): boolean {
  return error.code === nameTaken || error.code === nameUnknown
}

/** True when a table changed below a prepared statement, whose columns would now be others; the statement has not run. */
export function isOutdatedPlan(error: { readonly code?: string; readonly routine?: string }): boolean {
  return error.code === '0A000' && error.routine === 'RevalidateCachedQuery'
}
