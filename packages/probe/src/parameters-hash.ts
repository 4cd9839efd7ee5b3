/** A number that is equal for equal parameters, cheap enough for every query; the parameters themselves cannot be read from it. */
const seed = 0x811c9dc5
const prime = 0x01000193
const charactersRead = 256
const membersRead = 64

export function parametersHash(values: readonly unknown[] | undefined): number {
  let hash = seed
  if (values !== undefined) for (let index = 0; index < values.length; index++) hash = mix(hash, values[index], 0)
  return hash >>> 0
}

/** Not a plain XOR: ORMs write a parameter again as a literal, and equal hashes would cancel out to the same 0 for every key. */
export function joinHashes(parameters: number, literals: number): number {
  return (Math.imul(parameters, prime) ^ literals) >>> 0
}

function mix(hash: number, value: unknown, depth: number): number {
  switch (typeof value) {
    case 'number':
      return (value | 0) === value ? step(hash ^ 0x11, value) : mixText(hash ^ 0x12, String(value))
    case 'string':
      return mixText(hash ^ 0x13, value)
    case 'boolean':
      return step(hash, value ? 0x21 : 0x22)
    case 'object':
      return value === null ? step(hash, 0x23) : mixObject(hash, value, depth)
    default:
      return mixText(hash ^ 0x14, String(value))
  }
}

function mixObject(hash: number, value: object, depth: number): number {
  if (value instanceof Date) return mixText(hash ^ 0x15, String(value.getTime()))
  if (Buffer.isBuffer(value)) return mixText(hash ^ 0x16, value.toString('latin1', 0, charactersRead), value.length)
  if (depth >= 2) return step(hash, 0x17)
  const members: readonly unknown[] = Array.isArray(value) ? value : Object.values(value)
  let mixed = step(hash ^ 0x18, members.length)
  for (let index = 0; index < members.length && index < membersRead; index++)
    mixed = mix(mixed, members[index], depth + 1)
  return mixed
}

function mixText(hash: number, text: string, length = text.length): number {
  let mixed = step(hash, length)
  const end = Math.min(text.length, charactersRead)
  for (let index = 0; index < end; index++) mixed = Math.imul(mixed ^ text.charCodeAt(index), prime)
  return mixed
}

function step(hash: number, word: number): number {
  const mixed = Math.imul(hash ^ word, prime)
  return Math.imul(mixed ^ (mixed >>> 15), 0x85ebca6b)
}
