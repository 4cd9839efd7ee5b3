/** What must hold of the event stream reader, whatever arrives and however it is cut. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { fuzzTarget } from '../../testing/fuzz-target.ts'
import type { ServerSentEvent } from '../event-stream.ts'
import { EventStreamReader } from '../event-stream.ts'

/** The standard's grammar on the whole text at once, line by line. */
function readSlowly(bytes: Buffer): ServerSentEvent[] {
  const events: ServerSentEvent[] = []
  const lines = new TextDecoder().decode(bytes).split(/\r\n|\r|\n/)
  let id = ''
  let fields: [string, string][] = []
  // The last piece has no line end.
  for (const line of lines.slice(0, -1)) {
    if (line !== '') {
      const [, name = '', value = ''] = /^([^:]*)(?:: ?(.*))?$/su.exec(line) ?? []
      fields.push([name, value])
      if (name === 'id' && !value.includes('\0')) id = value
      continue
    }
    const data = fields.filter(([name]) => name === 'data').map(([, value]) => value)
    const names = fields.filter(([name]) => name === 'event').map(([, value]) => value)
    if (data.length > 0) events.push({ event: names.at(-1) || 'message', data: data.join('\n'), id })
    fields = []
  }
  return events
}

const parts = fc.constantFrom(
  ...[
    'data',
    'event',
    'id',
    'retry',
    ':',
    ': ',
    ' ',
    '\n',
    '\r',
    '\r\n',
    '\n\n',
    '\r\r',
    '\0',
    '€',
    '😀',
    '\uFEFF',
    'x',
    '7',
    'data: a\n\n',
  ],
)
const texts = fc.oneof(
  fc.array(parts, { maxLength: 40 }).map(some => Buffer.from(some.join(''))),
  fc.uint8Array({ maxLength: 120 }).map(noise => Buffer.from(noise)),
)

export const eventStreamTargets = [
  fuzzTarget(
    'the event stream reader reads in any pieces what the standard makes of the whole',
    fc.tuple(texts, fc.array(fc.nat({ max: 150 }), { maxLength: 10 })),
    ([bytes, cuts]) => {
      const reader = new EventStreamReader()
      const at = [0, ...cuts.map(cut => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]
      const events = at.slice(1).flatMap((to, index) => reader.push(bytes.subarray(at[index], to)))
      assert.deepEqual(events, readSlowly(bytes))
    },
  ),
]
