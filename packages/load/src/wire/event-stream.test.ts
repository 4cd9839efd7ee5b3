/** The event stream of the HTML standard, in any pieces, against a slow reader of the whole. */
import { describe, expect, it } from 'vitest'
import { EventStreamReader, MAX_EVENT_LENGTH } from './event-stream.ts'
import { eventStreamTargets } from './testing/event-stream-fuzz.ts'

const read = (...texts: string[]) => {
  const reader = new EventStreamReader()
  return texts.flatMap(text => reader.push(Buffer.from(text)))
}
const readSingly = (text: string) => {
  const reader = new EventStreamReader()
  return [...Buffer.from(text)].flatMap(byte => reader.push(Buffer.of(byte)))
}
const message = (data: string, event = 'message', id = '') => ({ event, data, id })

describe('EventStreamReader', () => {
  it.each<[string, string, ReturnType<typeof message>[]]>([
    ['one line of data', 'data: tea\n\n', [message('tea')]],
    ['several lines of data', 'data: a\ndata: b\n\n', [message('a\nb')]],
    ['no space after the colon, or two', 'data:a\n\ndata:  b\n\n', [message('a'), message(' b')]],
    ['data without a colon', 'data\n\ndata\ndata\n\n', [message(''), message('\n')]],
    ['a name', 'event: price\ndata: 1\n\ndata: 2\n\n', [message('1', 'price'), message('2')]],
    [
      'an id, kept for later events',
      'id: 7\ndata: a\n\ndata: b\n\nid\ndata: c\n\n',
      [message('a', 'message', '7'), message('b', 'message', '7'), message('c')],
    ],
    ['comments and unknown fields', ': ping\n\nfoo: bar\ndata: a\n: x\n\n', [message('a')]],
    ['a name without data: nothing', 'event: x\n\ndata: a\n\n', [message('a')]],
    ['an id with a null, ignored', 'id: a\0b\ndata: a\n\n', [message('a')]],
    ['carriage returns', 'data: a\r\rdata: b\r\n\r\n', [message('a'), message('b')]],
    ['a byte order mark', '\uFEFFdata: a\n\n', [message('a')]],
    ['an event without its end: nothing', 'data: a\n\ndata: b\n', [message('a')]],
  ])('reads %s', (_name, text, expected) => {
    expect(read(text)).toEqual(expected)
    expect(readSingly(text)).toEqual(expected)
  })

  it('puts together a character that came in two pieces', () => {
    const reader = new EventStreamReader()
    const bytes = Buffer.from('data: €\n\n')
    expect(reader.push(bytes.subarray(0, 7))).toEqual([])
    expect(reader.push(bytes.subarray(7))).toEqual([message('€')])
  })

  it('keeps what the server asked of clients that come back', () => {
    const reader = new EventStreamReader()
    reader.push(Buffer.from('retry: 3000\nretry: 3s\n\n'))
    expect(reader.retryMs).toBe(3000)
  })

  it('refuses an event or a line without end, and takes any number of comments', () => {
    const reader = new EventStreamReader()
    const comments = Buffer.from(': ping\n'.repeat(50_000))
    for (let round = 0; round < 5; round++) expect(reader.push(comments)).toEqual([])
    expect(() => read(`data: ${'x'.repeat(MAX_EVENT_LENGTH)}`)).toThrow(
      expect.objectContaining({ kind: 'parse-error' }),
    )
    expect(() => read('data: 1234567\n'.repeat(MAX_EVENT_LENGTH / 8 + 1))).toThrow(
      expect.objectContaining({ kind: 'parse-error' }),
    )
  })

  it.each(eventStreamTargets)('$name', target => {
    expect(() => target.check(10_000)).not.toThrow()
  })
})
