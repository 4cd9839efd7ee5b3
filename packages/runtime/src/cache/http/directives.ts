/** Reads `Cache-Control` as a shared cache must: what it does not understand never makes an answer more cacheable. */

export type Directives = ReadonlyMap<string, string | true>

/** Lower-case names; of a directive given twice the first counts (RFC 9111 §4.2.1). Quoted values come without their quotes. */
export function directivesOf(header: string | undefined): Directives {
  const directives = new Map<string, string | true>()
  for (const [, name, quoted, plain] of (header ?? '').matchAll(/([^\s=,;"]+)\s*(?:=\s*(?:"([^"]*)"|([^\s,"]*)))?/g)) {
    const known = name!.toLowerCase()
    if (!directives.has(known)) directives.set(known, quoted ?? plain ?? true)
  }
  return directives
}

/** Of `max-age` and the like. What is no number counts as 0: stale (RFC 9111 §4.2.1). */
export function secondsIn(directives: Directives, name: string): number | undefined {
  const value = directives.get(name)
  if (value === undefined) return undefined
  return typeof value === 'string' && /^\d+$/.test(value) ? Math.min(Number(value), 2 ** 31) : 0
}
