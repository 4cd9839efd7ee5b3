/** What JMeter writes: a JTL file of comma-separated values, one line a request, with the names of the columns first. */
import { kindsOf } from './k6.ts'
import { closedModel, type ToolReading, type ToolSample } from './tool-reading.ts'

const MAX_SAMPLES = 2_000_000

export function readJtl(text: string): ToolReading | undefined {
  const rows = csvRows(text)
  const header = rows.next()
  if (header.done === true) return undefined
  const columns = new Map(header.value.map((name, index) => [name.trim(), index]))
  if (!columns.has('timeStamp') || !columns.has('elapsed')) return undefined
  const samples: ToolSample[] = []
  let unreadable = 0
  let beyond = 0
  let users = 0
  for (const row of rows) {
    if (row.length === 1 && row[0] === '') continue
    const cell = (name: string): string => row[columns.get(name) ?? -1] ?? ''
    const atMs = Number(cell('timeStamp') || NaN)
    const durationMs = Number(cell('elapsed') || NaN)
    // A transaction sums up requests that have lines of their own.
    if (cell('responseMessage').startsWith('Number of samples in transaction')) continue
    if (!Number.isFinite(atMs) || !(durationMs >= 0)) unreadable++
    else if (samples.length >= MAX_SAMPLES) beyond++
    else {
      users = Math.max(users, Number(cell('allThreads')) || 0)
      samples.push(sampleOf(cell, atMs, durationMs))
    }
  }
  return {
    tool: 'JMeter',
    requests: samples.length,
    errorsByKind: kindsOf(samples),
    ...(users > 0 ? { users } : {}),
    samples,
    printed: [],
    hides: closedModel,
    notes: [
      ...(unreadable > 0 ? [`${unreadable} lines of the JTL file could not be read`] : []),
      ...(beyond > 0 ? [`${beyond} requests after the first ${MAX_SAMPLES} were not read`] : []),
    ],
  }
}

/** `timeStamp` is the beginning of the request (jmeter.save.saveservice.timestamp_format=ms, sampleresult.timestamp.start=true). */
function sampleOf(cell: (name: string) => string, atMs: number, durationMs: number): ToolSample {
  const code = cell('responseCode')
  const status = /^\d{3}$/.test(code) ? Number(code) : 0
  // A failed assertion on an answer below 500 is the author's opinion of it, not an error of the service.
  const error =
    status === 0
      ? code
          .replace(/^Non HTTP response code: /, '')
          .split('.')
          .at(-1) || 'no-answer'
      : undefined
  const bytes = Number(cell('bytes') || NaN)
  return {
    atMs,
    durationMs,
    method: 'GET',
    target: cell('URL').replace(/^null$/, '') || cell('label'),
    status,
    ...(Number.isFinite(bytes) ? { bytes } : {}),
    ...(error === undefined ? {} : { error: error.slice(0, 60) }),
  }
}

/** RFC 4180: a quoted cell may hold commas, line breaks and doubled quotes. */
export function* csvRows(text: string): Generator<string[], undefined> {
  let row: string[] = []
  let at = 0
  while (at < text.length) {
    let cell: string
    if (text[at] === '"') {
      const pieces: string[] = []
      let from = at + 1
      for (;;) {
        const quote = text.indexOf('"', from)
        const end = quote === -1 ? text.length : quote
        pieces.push(text.slice(from, end))
        at = end + 1
        if (text[at] !== '"') break
        from = at + 1
      }
      cell = pieces.join('"')
    } else {
      const end = nextBreak(text, at)
      cell = text.slice(at, end)
      at = end
    }
    row.push(cell)
    if (text[at] === ',') {
      at++
      if (at >= text.length) row.push('')
      continue
    }
    if (text[at] === '\r') at++
    // What stands between a closing quote and the next comma is nobody's cell.
    while (at < text.length && text[at] !== '\n' && text[at] !== ',') at++
    if (text[at] === ',') {
      at++
      continue
    }
    at++
    yield row
    row = []
  }
  if (row.length > 0) yield row
}

function nextBreak(text: string, from: number): number {
  for (let at = from; at < text.length; at++) {
    const character = text.charCodeAt(at)
    if (character === 0x2c || character === 0x0a || character === 0x0d) return at
  }
  return text.length
}
