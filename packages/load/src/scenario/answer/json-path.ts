/** The simple JSON paths that scenarios use: names, indexes and at most one "any element". */

/** `[*]`: one element of an array, chosen by whoever reads. */
export const ANY = Symbol('any element')

export type JsonPath = readonly (string | number | typeof ANY)[]

const STEP = /\.([A-Za-z_$][\w$-]*)|\[(-?\d+)\]|\['((?:[^'\\]|\\.)*)'\]|\["((?:[^"\\]|\\.)*)"\]|(\[\*\])/y

/** Undefined when the text is no such path; filters, slices and `..` are left to a function of the author. */
export function parseJsonPath(text: string): JsonPath | undefined {
  if (!text.startsWith('$')) return undefined
  const path: (string | number | typeof ANY)[] = []
  STEP.lastIndex = 1
  while (STEP.lastIndex < text.length) {
    const match = STEP.exec(text)
    if (match === null) return undefined
    const [, name, index, single, double, any] = match
    if (any !== undefined) path.push(ANY)
    else if (index !== undefined) path.push(Number(index))
    else path.push(name ?? (single ?? double)!.replaceAll(/\\(.)/g, '$1'))
  }
  return path.filter(step => step === ANY).length > 1 ? undefined : path
}

/** The value at the path; undefined when there is none. `draw`, from 0 up to 1, chooses the element of `[*]`. */
export function valueAtPath(document: unknown, path: JsonPath, draw: number): unknown {
  let value = document
  for (const step of path) {
    if (typeof value !== 'object' || value === null) return undefined
    if (typeof step === 'string') {
      // Names that every object inherits, or every array has, are not in the document.
      value = !Array.isArray(value) && Object.hasOwn(value, step) ? (value as Record<string, unknown>)[step] : undefined
    } else if (Array.isArray(value)) {
      value = value.at(step === ANY ? Math.floor(draw * value.length) : step)
    } else return undefined
  }
  return value
}
