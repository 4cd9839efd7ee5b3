import { runInThisContext } from 'node:vm'
import { beforeAll, describe, expect, test } from 'vitest'
import { TRACE, wake, wantLevel } from '../level.ts'
import { RequestRecord } from '../request-record.ts'
import { beginCacheCall } from './cache-call.ts'

beforeAll(() => {
  wantLevel(TRACE)
  wake()
})

/** What the hooked method of a driver does; the stack that is read begins below it. */
function get(key: string, record: RequestRecord | undefined) {
  return beginCacheCall('ioredis', 'GET', [key], { record, below: get })
}

/** A function of the service: one file for each, wherever this test lies. */
const inFile = (name: string) =>
  runInThisContext('(ask) => ask()', { filename: `/shop/${name}.js` }) as <Answer>(ask: () => Answer) => Answer

function requestOf(pattern: string, method = 'GET'): RequestRecord {
  const record = new RequestRecord(method, pattern, 0, 0, 0)
  record.pattern = pattern
  return record
}

const fileOf = (key: string, file: string, record: RequestRecord | undefined) =>
  inFile(file)(() => get(key, record))?.site?.[0]?.file

describe('the place of a command to a cache', () => {
  test('is that of its own route, whichever route asked for such a key before', () => {
    const wrong = []
    for (let round = 0; round < 300; round++)
      for (const file of ['products', 'cart', 'search']) {
        const found = fileOf('product:1', file, requestOf(`/${file}/:id`))
        if (found !== `/shop/${file}.js`) wrong.push([round, file, found])
      }
    expect(wrong).toEqual([])
  })

  test('is told apart by the method too', () => {
    for (let round = 0; round < 300; round++) {
      expect(fileOf('price:1', 'read', requestOf('/prices/:id'))).toBe('/shop/read.js')
      expect(fileOf('price:1', 'write', requestOf('/prices/:id', 'PUT'))).toBe('/shop/write.js')
    }
  })

  test('is read where no request is known', () => {
    expect(fileOf('tick:1', 'timer', undefined)).toBe('/shop/timer.js')
  })

  test('is left open for routes beyond those it remembers, not taken from another', () => {
    const files = Array.from({ length: 40 }, (_, at) => fileOf('page:1', `page${at}`, requestOf(`/page${at}`)))
    expect(files.slice(0, 32)).toEqual(Array.from({ length: 32 }, (_, at) => `/shop/page${at}.js`))
    expect(files.slice(32)).toEqual(Array.from({ length: 8 }, () => undefined))
  })
})
