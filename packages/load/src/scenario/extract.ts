/** Values taken from an answer for the steps after it. */
import type { ReadableAnswer, Reading } from './answer/reading.ts'
import type { Needs } from './check.ts'
import { jsonReader, stateless } from './check.ts'
import type { ScenarioUser } from './definition.ts'
import { drawn } from './draw.ts'
import type { Site } from './site.ts'
import type { VirtualUser } from './user.ts'

export type Extract =
  | {
      readonly kind: 'json' | 'header' | 'cookie'
      /** A path, a header's name or a cookie's. */
      readonly of: string
      readonly otherwise?: unknown
    }
  | { readonly kind: 'regex'; readonly pattern: RegExp; readonly otherwise?: unknown }
  | { readonly kind: 'status'; readonly otherwise?: undefined }
  /** Undefined or null: not there. */
  | ((answer: ReadableAnswer, user: ScenarioUser) => unknown)

export interface ExtractOptions {
  /** Taken when the answer has no such value; without it that fails the check and ends the user's flow. */
  readonly otherwise?: unknown
}

/** A value of a JSON body: `$.items[0].id`, `$['odd name']`, `$[-1]`, and `$[*].id` for a random element of the list. */
export function jsonPath(path: string, options: ExtractOptions = {}): Extract {
  return { kind: 'json', of: path, ...options }
}

/** The first group of the pattern in the body, or the whole match when it has none. */
export function regex(pattern: RegExp, options: ExtractOptions = {}): Extract {
  return { kind: 'regex', pattern, ...options }
}

/** A response header, such as `location`. Put a location into a path as `{+next}`. */
export function header(name: string, options: ExtractOptions = {}): Extract {
  return { kind: 'header', of: name, ...options }
}

/** A cookie of this user after the answer. */
export function cookie(name: string, options: ExtractOptions = {}): Extract {
  return { kind: 'cookie', of: name, ...options }
}

/** The status itself. */
export function status(): Extract {
  return { kind: 'status' }
}

export interface CompiledExtract {
  readonly name: string
  readonly needs: Needs
  /** Undefined: not there. May throw, which is the same. */
  read(answer: Reading, user: VirtualUser): unknown
  readonly otherwise: unknown
}

/** `place` tells this extraction from others when an element is drawn at random. */
export function compileExtract(
  name: string,
  extract: Extract,
  site: Site | undefined,
  { seed, place }: { readonly seed: number; readonly place: number },
): CompiledExtract {
  if (typeof extract === 'function') {
    return { name, needs: 'body', otherwise: undefined, read: (answer, user) => extract(answer, user) }
  }
  const { otherwise } = extract
  switch (extract.kind) {
    case 'json': {
      const read = jsonReader(extract.of, site)
      if (!extract.of.includes('[*]')) return { name, needs: 'body', otherwise, read: answer => read(answer, 0) }
      return { name, needs: 'body', otherwise, read: (answer, user) => read(answer, drawn(seed, user.arrival, place)) }
    }
    case 'header': {
      const { of } = extract
      return { name, needs: 'head', otherwise, read: answer => answer.header(of) }
    }
    case 'cookie': {
      const { of } = extract
      return { name, needs: 'head', otherwise, read: (_answer, user) => user.cookies?.get(of) }
    }
    case 'status':
      return { name, needs: 'none', otherwise, read: answer => answer.status }
    case 'regex': {
      const pattern = stateless(extract.pattern)
      const read = (answer: Reading) => {
        const match = pattern.exec(answer.text())
        return match === null ? undefined : (match[1] ?? match[0])
      }
      return { name, needs: 'body', otherwise, read }
    }
  }
}
