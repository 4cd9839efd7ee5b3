import { describe, expect, test } from 'vitest'
import { failureMessage } from './failure-message.ts'

const json = (value: unknown): string | undefined => failureMessage(JSON.stringify(value), 'application/json')

describe('the message of a failing answer', () => {
  test('is found where frameworks put it', () => {
    expect(json({ statusCode: 500, error: 'Internal Server Error', message: 'no such table' })).toBe('no such table')
    expect(json({ code: 1, error: 'no such table' })).toBe('no such table')
    expect(json({ error: { status: 500, message: 'no such table' } })).toBe('no such table')
    expect(json({ errors: [{ message: 'no such table', extensions: { code: 'X' } }] })).toBe('no such table')
    expect(json({ title: 'Bad', detail: 'no such table' })).toBe('no such table')
    expect(json('no such table')).toBe('no such table')
    expect(json({ message: ['from must be a date', 'to must be a date'] })).toBe('from must be a date')
  })

  test('is the text of JSON that has no place for it, and of what only claims to be JSON', () => {
    expect(json({ code: 17 })).toBe('{"code":17}')
    expect(failureMessage('<no json>', 'application/json')).toBe('<no json>')
  })

  test('is the first line of the stack in a page of Express', () => {
    const page =
      '<html><head><title>Error</title></head><body><pre>Error: no &quot;orders&quot;<br> &nbsp; at x.js:1</pre></body></html>'
    expect(failureMessage(page, 'text/html; charset=utf-8')).toBe('Error: no "orders"')
  })

  test('is the text of any other page', () => {
    const page =
      '<html><head><title>502</title><style>h1 { color: red }</style></head><body><h1>Bad\nGateway</h1></body></html>'
    expect(failureMessage(page, 'text/html')).toBe('Bad Gateway')
  })

  test('is cut at 200 characters, in one line', () => {
    expect(failureMessage('a\n\tb', 'text/plain')).toBe('a b')
    expect(failureMessage('x'.repeat(5_000), 'text/plain')).toBe(`${'x'.repeat(199)}…`)
  })

  test('is nothing where the answer says nothing, or nothing to read', () => {
    expect(failureMessage('', 'text/plain')).toBeUndefined()
    expect(failureMessage(' \n', 'text/html')).toBeUndefined()
    expect(failureMessage('\u0000\u0001', 'application/octet-stream')).toBeUndefined()
    expect(failureMessage('refused', '')).toBe('refused')
  })
})
