/** Refuses a key that no option has: a misspelt one would be dropped in silence, and the load would be another one. */
import { closestTo } from '@whetstone/model'
import type { Site } from './site.ts'
import { scenarioError } from './site.ts'

/**
 * `known` lists every key of `T`, so that an option added to the type cannot be forgotten here. Throws `WHET_SCENARIO` with
 * the nearest known key; `what` is the word of the scenario file it was given to.
 */
export function checkKeys<T extends object>(
  what: string,
  given: T,
  known: Readonly<Record<keyof T, true>>,
  site: Site | undefined,
): void {
  const names = Object.keys(known)
  const unknown = Object.keys(given).find(key => !names.includes(key))
  if (unknown === undefined) return
  const near = closestTo(unknown, names)
  throw scenarioError(
    site,
    `${what} takes no ${JSON.stringify(unknown)}.${near === undefined ? '' : ` Did you mean ${JSON.stringify(near)}?`}`,
    { hint: `it takes: ${names.join(', ')}` },
  )
}
