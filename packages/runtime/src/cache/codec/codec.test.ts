import { isDeepStrictEqual } from 'node:util'
import { gzipSync } from 'node:zlib'
import * as msgpack from '@msgpack/msgpack'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Codec } from './codec.ts'
import { compressions, type CompressionName } from './compression.ts'
import { jsonCodec } from './json.ts'
import { messagePackCodec } from './message-pack.ts'
import { Payloads } from './payload.ts'
import { v8Codec } from './v8.ts'

const codecs: Readonly<Record<string, Codec>> = {
  json: jsonCodec,
  v8: v8Codec,
  'message pack': messagePackCodec(msgpack),
}
const available = (Object.keys(compressions) as CompressionName[]).filter(name => compressions[name] !== undefined)

const comesBack = (codec: Codec, value: unknown) => isDeepStrictEqual(codec.decode(codec.encode(value)), value)

const leaf = fc.oneof(fc.string({ unit: 'binary' }), fc.double(), fc.boolean(), fc.constant(null), fc.date())
const keys = fc.oneof(fc.string(), fc.constantFrom('$date', '$$date', '$bigint', '$', '__proto__', 'constructor'))
const { plain } = fc.letrec(tie => ({
  plain: fc.oneof(
    { depthSize: 'small' },
    leaf,
    fc.array(tie('plain')),
    // As `JSON.parse` would make it: `__proto__` is a key like any other.
    fc.array(fc.tuple(keys, tie('plain'))).map(entries => Object.fromEntries(entries)),
  ),
}))

describe('the codec of JSON', () => {
  test('gives back every plain value, date, big integer and byte', () => {
    const values = fc.oneof(
      plain,
      fc.bigInt(),
      fc.uint8Array(),
      fc.array(fc.oneof(fc.bigInt(), fc.uint8Array(), plain)),
    )
    fc.assert(fc.property(values, value => comesBack(jsonCodec, value)))
  })

  test('writes what everybody can read', () => {
    const value = { id: 1n, at: new Date(0), $tag: 'mine', bytes: Buffer.from('hi'), none: undefined, far: -Infinity }
    expect(Buffer.from(jsonCodec.encode(value)).toString()).toBe(
      '{"id":{"$bigint":"1"},"at":{"$date":"1970-01-01T00:00:00.000Z"},"$$tag":"mine","bytes":{"$bytes":"aGk="},"far":{"$number":"-Infinity"}}',
    )
  })

  test('refuses what it would give back as something else, and says where that is', () => {
    class User {}
    const circle: unknown[] = []
    circle.push(circle)
    const refused: readonly (readonly [unknown, string])[] = [
      [{ list: [1, undefined] }, 'JSON cannot keep undefined at .list[1]: make it plain, or take the codec of v8'],
      [{ users: [new User()] }, 'an instance of User at .users[0]'],
      [new Map(), 'an instance of Map at the top'],
      [() => 1, 'function at the top'],
      [{ toJSON: () => 'else' }, 'function at .toJSON'],
      [circle, 'circular'],
      [undefined, 'undefined at the top'],
    ]
    for (const [value, message] of refused) expect(() => jsonCodec.encode(value)).toThrow(message)
  })
})

describe('the codec of v8', () => {
  test('gives back what a structured clone would, and big integers, maps and circles', () => {
    const circle: Record<string, unknown> = {
      map: new Map([[1n, new Set(['a'])]]),
      error: new RangeError('no'),
      none: undefined,
    }
    circle['self'] = circle
    expect(v8Codec.decode(v8Codec.encode(circle))).toStrictEqual(circle)
    fc.assert(fc.property(plain, value => comesBack(v8Codec, value)))
  })
})

test.each(Object.entries(codecs))('what %s gives back has memory of its own', (_, codec) => {
  const bytes = Uint8Array.from(codec.encode({ bytes: Buffer.from('stays') }))
  const once = codec.decode(bytes) as { bytes: Uint8Array }
  once.bytes.fill(0)
  expect(Buffer.from((codec.decode(bytes) as { bytes: Uint8Array }).bytes).toString()).toBe('stays')
  expect(Object.prototype.toString.call(once.bytes)).toBe('[object Uint8Array]')
})

describe('the codec of MessagePack', () => {
  test('gives back what the library keeps, and refuses what that refuses', () => {
    const codec = codecs['message pack']!
    const value = { at: new Date(1_700_000_000_123), list: [1, 'ä', null, -0.5], bytes: new Uint8Array([1, 2]) }
    expect(codec.decode(codec.encode(value))).toEqual(value)
    expect(() => codec.encode({ id: 1n })).toThrow('BigInt')
  })
})

describe('a payload', () => {
  test('gives back the value, whatever codec and compression wrote it', async () => {
    const settings = fc.record({
      codec: fc.constantFrom(jsonCodec, v8Codec),
      compression: fc.constantFrom(undefined, ...available),
      compressAboveBytes: fc.constantFrom(0, 50, 1_024),
    })
    await fc.assert(
      fc.asyncProperty(settings, plain, fc.integer({ min: 0, max: 4_000 }), async (given, value, repeats) => {
        const { compression, ...rest } = given
        const payloads = new Payloads({ ...rest, ...(compression && { compression }) })
        const kept = { value, padding: 'ab'.repeat(repeats) }
        return isDeepStrictEqual(await payloads.decode((await payloads.encode(kept))!), { value: kept })
      }),
    )
  })

  test.each(available)('is shorter by %s where that pays, and as it was where it does not', async compression => {
    const payloads = new Payloads({ compression })
    const lengthOf = async (value: unknown) => (await payloads.encode(value))!.byteLength
    expect(await lengthOf('a'.repeat(10_000))).toBeLessThan(200)
    expect(await lengthOf('a'.repeat(1_000))).toBe(1_003)
    expect(await new Payloads().decode((await payloads.encode('a'.repeat(10_000)))!)).toEqual({
      value: 'a'.repeat(10_000),
    })
  })

  test('of another codec, another form or no form is a miss', async () => {
    const payloads = new Payloads()
    const payload = (await payloads.encode({ a: 1 }))!
    expect(await new Payloads({ codec: v8Codec }).decode(payload)).toBeUndefined()
    const own = { ...jsonCodec, id: 7 }
    expect(await new Payloads({ codec: own }).decode(payload)).toBeUndefined()
    expect(await payloads.decode(payload.with(0, payload[0]! | 0x80))).toBeUndefined()
    expect(await payloads.decode(new Uint8Array())).toBeUndefined()
    expect(await payloads.decode(payload.subarray(0, -1))).toBeUndefined()
  })

  test('of any bytes is a value or a miss, never a failure', async () => {
    const each = Object.values(codecs).map(codec => new Payloads({ codec }))
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 64 }), fc.nat({ max: 255 }), async (bytes, head) => {
        for (const payloads of each)
          expect(['object', 'undefined']).toContain(typeof (await payloads.decode(new Uint8Array([head, ...bytes]))))
      }),
    )
  })

  test('neither is written nor decompresses to more than it may', async () => {
    const payloads = new Payloads({ maxBytes: 1_000, compression: 'gzip', compressAboveBytes: 100 })
    expect(await payloads.encode('a'.repeat(999))).toBeUndefined()
    expect(await payloads.encode('a'.repeat(998))).toHaveLength(1 + gzipSync(`"${'a'.repeat(998)}"`).byteLength)
    const bomb = new Uint8Array([0b01_010_000, ...gzipSync(`"${'a'.repeat(1_000_000)}"`)])
    expect(await payloads.decode(bomb)).toBeUndefined()
    expect(await new Payloads().decode(bomb)).toEqual({ value: 'a'.repeat(1_000_000) })
  })

  test('is refused for settings that mean nothing', () => {
    expect(() => new Payloads({ codec: { ...jsonCodec, id: 8 } })).toThrow('from 0 to 7, not 8')
    expect(() => new Payloads({ maxBytes: -1 })).toThrow('maxBytes')
    const missing = (Object.keys(compressions) as CompressionName[]).filter(name => !available.includes(name))
    for (const compression of missing)
      expect(() => new Payloads({ compression })).toThrow(`no compression ${compression}`)
  })
})
