/** A place in a text that is being read, and the slip at it: where, why, and the text without it. */

export class Slip extends Error {
  constructor(
    /** Counted from 0. */
    readonly position: number,
    readonly why: string,
    /** The whole text with this one slip mended; others may follow. */
    readonly mended: string,
  ) {
    super(why)
  }
}

/** Blanks before what is read are skipped. */
export class Reader {
  position = 0
  readonly text: string

  constructor(text: string) {
    this.text = text
    this.#skipBlanks()
  }

  /** The pattern is sticky. */
  take(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.position
    const match = pattern.exec(this.text) ?? undefined
    if (match === undefined) return undefined
    this.position = pattern.lastIndex
    this.#skipBlanks()
    return match
  }

  peek(pattern: RegExp): string {
    pattern.lastIndex = this.position
    return pattern.exec(this.text)?.[0] ?? ''
  }

  /** The word, or the signs, that stand here; empty at the end. */
  word(): string {
    return this.peek(/[<>=!≤≥]+|[^\s<>=!≤≥]+/y)
  }

  atEnd(): boolean {
    return this.position === this.text.length
  }

  /** `instead` takes the place of so many characters from `at`; by default of the word that stands here. */
  fail(why: string, instead: string, length: number = this.word().length, at: number = this.position): never {
    const before = this.text.slice(0, at)
    const after = this.text.slice(at + length)
    const apart = (length === 0 || instead === '') && before !== '' ? ' ' : ''
    const mended = `${apart === '' ? before : before.trimEnd()}${apart}${instead}${apart}${apart === '' ? after : after.trimStart()}`
    throw new Slip(at, why, mended.trim())
  }

  #skipBlanks(): void {
    while (/\s/.test(this.text[this.position] ?? '')) this.position++
  }
}
