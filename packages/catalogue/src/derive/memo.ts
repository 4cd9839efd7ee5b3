/** Remembers what was read from evidence by the evidence object itself, so that thirty practices share one reading. */

/** The reading must be pure: the same object always gives the same answer, and is forgotten with it. */
export function memo<E extends object, R>(read: (evidence: E) => R): (evidence: E) => R {
  const known = new WeakMap<E, { readonly answer: R }>()
  return evidence => {
    const found = known.get(evidence)
    if (found) return found.answer
    const answer = read(evidence)
    known.set(evidence, { answer })
    return answer
  }
}

/** The same for a reading of two kinds of evidence at once. */
export function memoOfTwo<A extends object, B extends object, R>(read: (a: A, b: B) => R): (a: A, b: B) => R {
  const byFirst = memo((a: A) => memo((b: B) => read(a, b)))
  return (a, b) => byFirst(a)(b)
}
