/** What keys have in common: the parts that vary are replaced, so that a million keys of one kind are one thing to talk about. */
import { parametersHash } from '../parameters-hash.ts'

const longestKey = 512
const longestWord = 32
/** A key is cut at these; braces are the hash tags of a cluster. */
const separators = /([:/|{}\s,;#&=?])/

/** `product:42` → `product:{n}`; `{id}` stands for an id of hex digits or letters and digits, `{x}` for any other text that varies. */
export function keyTemplate(key: string): string {
  const parts = key.slice(0, longestKey).split(separators)
  let template = ''
  for (let at = 0; at < parts.length; at++) {
    const part = parts[at]!
    template += at % 2 === 1 ? (part === '{' || part === '}' ? '' : part) : segmentTemplate(part)
  }
  return template
}

/** Equal for equal keys; the key cannot be read from it. */
export function keyHash(key: string): string {
  return hashText(parametersHash([key]))
}

export function hashText(hash: number): string {
  return hash.toString(16).padStart(8, '0')
}

/** Dots, hyphens and underscores belong to words, `user_profile`, and to numbers in them, `page-3`. */
function segmentTemplate(part: string): string {
  if (part === '' || /^[_.-]*[A-Za-z][A-Za-z_.-]*$/.test(part)) return part.length > longestWord ? '{x}' : part
  if (/^-?\d+(?:\.\d+)?$/.test(part)) return '{n}'
  if (/^v\d{1,2}$/.test(part)) return part
  if (/^[0-9a-f]{6,}$/i.test(part) || /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(part)) return '{id}'
  const worded = /^([A-Za-z]{2,24}[_.-])(-?\d+)$/.exec(part)
  if (worded) return `${worded[1]}{n}`
  return /^[\w-]+$/.test(part) && part.length >= 12 ? '{id}' : '{x}'
}

/** Words in the place of a key that are more than these are no words of the program, but somebody's. */
export const wordsKept = 16

/**
 * Of templates that differ in one word only, more than `wordsKept`, that word becomes `{x}`: `post:hello-world` and its kind.
 * @returns the template to use in place of each that changes
 */
export function collapsedTemplates(templates: Iterable<string>): ReadonlyMap<string, string> {
  const byForm = new Map<string, string[]>()
  for (const template of templates) {
    const form = lastWordOpen(template)
    if (form === undefined) continue
    const list = byForm.get(form)
    if (list) list.push(template)
    else byForm.set(form, [template])
  }
  return new Map(
    [...byForm].flatMap(([form, list]) =>
      list.length > wordsKept ? list.map(template => [template, form] as const) : [],
    ),
  )
}

/** The first word names the kind of thing and stays. */
export function lastWordOpen(template: string): string | undefined {
  const plain = plainParts(template)
  for (let at = plain.length - 1; at >= 1; at--) {
    if (/^[A-Za-z_][A-Za-z_.-]*$/.test(plain[at]!.text))
      return template.slice(0, plain[at]!.start) + '{x}' + template.slice(plain[at]!.start + plain[at]!.text.length)
  }
  return undefined
}

function plainParts(template: string): { readonly text: string; readonly start: number }[] {
  const parts: { text: string; start: number }[] = []
  const pattern = /\{\w+\}|[^:/|\s,;#&=?{}]+/g
  for (let match = pattern.exec(template); match; match = pattern.exec(template))
    parts.push({ text: match[0], start: match.index })
  return parts
}
