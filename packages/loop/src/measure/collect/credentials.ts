/** Which headers say who asks: what is answered to them may belong to one person. */
type Headers = Readonly<Record<string, string>>

const isCredential = (name: string): boolean => /^(authorization|cookie)$|token|session|api-?key/i.test(name)

/** Equal for requests of the same caller; undefined where nobody says who they are. */
export function callerOf(headers: Headers): string | undefined {
  const own = Object.entries(headers)
    .filter(([name]) => isCredential(name))
    .map(([name, value]) => `${name.toLowerCase()}: ${value}`)
  return own.length > 0 ? own.toSorted().join('\n') : undefined
}

export function withoutCredentials(headers: Headers): Headers {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !isCredential(name)))
}
