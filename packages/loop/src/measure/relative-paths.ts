/** Makes the project's own paths relative to its root, everywhere in a piece of evidence: shorter to read, equal on every machine, and part of fingerprints. */

/** Pure; keys named `file` that begin with the root are shortened, everything else is left as it is. */
export function relativePaths<T>(value: T, root: string): T {
  const prefix = root.endsWith('/') ? root : `${root}/`
  return shorten(value, prefix) as T
}

function shorten(value: unknown, prefix: string): unknown {
  if (Array.isArray(value)) return value.map(item => shorten(item, prefix))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key,
      key === 'file' && typeof item === 'string' ? withoutPrefix(item, prefix) : shorten(item, prefix),
    ]),
  )
}

function withoutPrefix(file: string, prefix: string): string {
  const path = file.startsWith('file://') ? file.slice('file://'.length) : file
  return path.startsWith(prefix) ? path.slice(prefix.length) : file
}
