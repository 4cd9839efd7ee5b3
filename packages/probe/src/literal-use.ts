/** What stood in the texts of a statement as literals: how many different sets, and which came from the URL of the request. */
import type { RequestLiteral } from '@whetstone/model'
import { collapsePath } from './route-name.ts'

const setsKept = 1_000
const parametersKept = 8
/** Shorter values are equal to a constant by chance. */
const shortestValue = 3
const longestUrl = 4_000

type Literal = string | number | boolean | null

export class LiteralUse {
  readonly #sets = new Set<number>()
  readonly #compared = new Set<number>()
  readonly #fromRequest = new Map<string, RequestLiteral>()

  /** True when it is a set not seen before. */
  add(hash: number): boolean {
    if (this.#sets.size >= setsKept || this.#sets.has(hash)) return false
    this.#sets.add(hash)
    return true
  }

  /** Each text once, with the first request that sends it; true when one of its literals came from there. */
  compare(literals: readonly Literal[], hash: number, url: string): boolean {
    if (this.#compared.size >= setsKept || this.#compared.has(hash)) return false
    this.#compared.add(hash)
    const found = new Map<string, boolean>()
    for (const [parameter, value] of valuesOf(url)) {
      const literal = literals.find(one => holds(one, value))
      if (literal !== undefined) found.set(parameter, typeof literal === 'string')
    }
    for (const [parameter, quoted] of found) {
      const known = this.#fromRequest.get(parameter)
      if (known === undefined && this.#fromRequest.size >= parametersKept) continue
      this.#fromRequest.set(parameter, {
        parameter,
        texts: 1 + (known?.texts ?? 0),
        quoted: quoted || known?.quoted === true,
      })
    }
    return found.size > 0
  }

  figures(): { literalSets: number; requestLiterals?: readonly RequestLiteral[] } {
    return {
      literalSets: this.#sets.size,
      ...(this.#fromRequest.size > 0 && { requestLiterals: [...this.#fromRequest.values()] }),
    }
  }
}

/** A pattern, `%lamp%`, holds what was searched for; a number has to be the whole of it. */
function holds(literal: Literal, value: string): boolean {
  if (typeof literal === 'number') return String(literal) === value
  return typeof literal === 'string' && (literal === value || literal === `%${value}%` || literal === `${value}%`)
}

/** The parameters of the query, and the segments of the path that are data, under an empty name. */
function valuesOf(url: string): [parameter: string, value: string][] {
  const [path = '', query = ''] = url.slice(0, longestUrl).split('?', 2)
  const pattern = collapsePath(path).split('/')
  const segments = path.split('/').flatMap((segment, at): [string, string][] => {
    const isData = pattern[at] !== segment
    return isData ? [['', decoded(segment)]] : []
  })
  return [...new URLSearchParams(query), ...segments].filter(([, value]) => value.length >= shortestValue)
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    return segment
  }
}
