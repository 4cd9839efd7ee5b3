/** Where in the author's file something was written, so that an error about it names the file and the line. */
import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { WhetstoneError } from '@whetstone/model'

export interface Site {
  readonly file: string
  readonly line: number
}

/** The place that called `callee`; undefined when the stack does not tell. */
export function siteOf(callee: (...given: never[]) => unknown): Site | undefined {
  const holder: { stack?: string } = {}
  Error.captureStackTrace(holder, callee)
  return sitesOf(holder.stack ?? '')[0]
}

/** The first place in `file` that a stack goes through. */
export function siteIn(file: string, stack: string): Site | undefined {
  return sitesOf(stack).find(site => site.file === file)
}

/** `WHET_SCENARIO`, beginning with the place when it is known. */
export function scenarioError(
  site: Site | undefined,
  message: string,
  options: { readonly hint?: string; readonly cause?: unknown } = {},
): WhetstoneError {
  return new WhetstoneError('WHET_SCENARIO', `${site === undefined ? '' : `${shown(site)}: `}${message}`, options)
}

export function shown({ file, line }: Site): string {
  return `${shownPath(file)}:${line}`
}

/** As seen from the working directory where that is shorter. */
export function shownPath(file: string): string {
  const path = relative(process.cwd(), file)
  return path.startsWith('..') ? file : path
}

const FRAME = /^\s*at (?:.*\()?((?:file:\/\/)?\/[^()]*?|[A-Za-z]:\\[^()]*?):(\d+):\d+\)?$/

function sitesOf(stack: string): Site[] {
  return stack.split('\n').flatMap(line => {
    const [, place, number] = FRAME.exec(line) ?? []
    if (place === undefined) return []
    // A loader may add `?query` to tell two versions of a module apart.
    const path = place.replace(/\?.*$/, '')
    return [{ file: path.startsWith('file:') ? fileURLToPath(path) : path, line: Number(number) }]
  })
}
