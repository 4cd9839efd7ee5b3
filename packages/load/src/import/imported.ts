/** What every importer gives: requests as they were recorded or written down, and what of the file could not be read. */

/** The text of a file, with its name for messages. */
export interface SourceText {
  readonly file: string
  readonly text: string
}

export interface RecordedRequest {
  /** Upper case. */
  readonly method: string
  /** Path with query, of the service itself. */
  readonly path: string
  /** Names in lower case. All of them, credentials too: who writes them down decides what may be seen. */
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
  /** `https://api.test:8443`; absent where only paths are recorded. */
  readonly origin?: string
  /** Epoch milliseconds of its beginning. */
  readonly atMs?: number
  readonly durationMs?: number
  /** What its author calls it. */
  readonly name?: string
  /** What it belongs to: the page of a HAR, the folder of a collection. */
  readonly group?: string
  /** `/orders/:id`, where the recorder knows the route. */
  readonly pattern?: string
  /** Names that stand as `{{name}}` in path, headers and body, and have no value yet. */
  readonly variables?: readonly string[]
  /** A picture, style sheet, script or font that a page needs: what is tested is mostly the service behind it. */
  readonly asset?: boolean
}

export interface Recording {
  readonly file: string
  readonly requests: readonly RecordedRequest[]
  /** The first of what could not be read. */
  readonly problems: readonly ImportProblem[]
  /** How many there were in all: never fewer than `problems`. */
  readonly unreadable: number
  /** What was understood and left out on purpose. */
  readonly leftOut: readonly ImportProblem[]
}

/** A line or entry that could not be read; told to the user, never dropped in silence. */
export interface ImportProblem {
  readonly file: string
  /** From 1; absent when the whole file is meant, or `pointer` says it better. */
  readonly line?: number
  /** JSON pointer of the entry, `/log/entries/3`. */
  readonly pointer?: string
  readonly why: string
  /** The beginning of what was there. */
  readonly text?: string
}

/** Problems kept one by one; a file of another kind would give one a line. */
const MAX_PROBLEMS = 20

/** Counts every problem and keeps the first ones. */
export class Problems {
  readonly #file: string
  readonly #kept: ImportProblem[] = []
  count = 0

  constructor(file: string) {
    this.#file = file
  }

  add(problem: Omit<ImportProblem, 'file'>): void {
    if (++this.count <= MAX_PROBLEMS) this.#kept.push({ file: this.#file, ...problem })
  }

  /** @param things what the rest is called when there are more than were kept, `lines` */
  list(things = 'entries'): readonly ImportProblem[] {
    const more = this.count - this.#kept.length
    return more === 0
      ? this.#kept
      : [...this.#kept, { file: this.#file, why: `${more} more ${things} could not be read` }]
  }
}

/** Nothing of the file could be read. */
export function unreadable(file: string, why: string, line?: number): Recording {
  return {
    file,
    requests: [],
    problems: [{ file, ...(line === undefined ? {} : { line }), why }],
    unreadable: 1,
    leftOut: [],
  }
}

/** `orders.har#/log/entries/3`, `access.log:17`. */
export function placeOf({ file, line, pointer }: ImportProblem): string {
  if (pointer !== undefined) return `${file}#${pointer}`
  return line === undefined ? file : `${file}:${line}`
}

/** `1 request`, `2 requests`. */
export function counted(count: number, noun: string): string {
  return count === 1 ? `1 ${noun}` : `${count} ${noun}s`
}

export const excerptOf = (text: string): string => (text.length > 100 ? `${text.slice(0, 100)}…` : text)

/** A field of what a file says is an object; `undefined` when it is none, or the field is not its own. */
export function property(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

export function textOr<Fallback>(value: unknown, fallback: Fallback): string | Fallback {
  return typeof value === 'string' ? value : fallback
}

/** For a path, a query or a form. A lone half of a character pair, which cannot be written in UTF-8, becomes the replacement character. */
export function escapedForUrl(text: string): string {
  return encodeURIComponent(Buffer.from(text, 'utf8').toString('utf8'))
}

/** A path as a log shows it, with whatever a request line cannot hold escaped: spaces, control characters, letters beyond ASCII. */
export function sendablePath(path: string): string {
  return path.replace(/[^\x21-\x7e]+/g, escapedForUrl).replace(/#.*$/, '')
}
