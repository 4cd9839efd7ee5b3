/** Where something is: a frame of source, and the short text people read for it. */

/** One application frame, innermost first in a site. Lines and columns count from 1. */
export interface Frame {
  /** Path as the process saw it, or relative to the project after mapping. */
  readonly file: string
  readonly line: number
  readonly column: number
  readonly function?: string
}

/** Up to three application frames: the call itself, then its callers. */
export type Site = readonly Frame[]

/** A route as `METHOD /pattern`, or `POST /graphql ProductList` for a GraphQL operation. */
export type RouteName = string

export function placeText(site: Site | undefined): string | undefined {
  const frame = site?.[0]
  return frame && `${frame.file}:${frame.line}`
}
