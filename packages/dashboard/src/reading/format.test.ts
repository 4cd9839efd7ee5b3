import { describe, expect, it, test } from 'vitest'
import * as format from './format.ts'

/** The thin space is shown as an ordinary one, so that the tables can be read. */
const plain = (text: string): string => text.replaceAll(format.THIN, ' ')

describe('numbers of the report', () => {
  test.each([
    [undefined, '–'],
    [Number.NaN, '–'],
    [0, '0 ms'],
    [0.0004, '1 µs'],
    [0.042, '42 µs'],
    [0.9994, '999 µs'],
    [0.9996, '1.0 ms'],
    [1, '1.0 ms'],
    [4.66, '4.7 ms'],
    [9.94, '9.9 ms'],
    [9.96, '10 ms'],
    [46.6, '47 ms'],
    [999.4, '999 ms'],
    [999.6, '1.00 s'],
    [1250, '1.25 s'],
    [9996, '10.0 s'],
    [12_340, '12.3 s'],
    [123_400, '123 s'],
    [1_234_000, '20.6 min'],
    [1_209_600_000, '14 days'],
    [-47, '−47 ms'],
  ])('a latency of %s ms reads %s', (value, text) => expect(plain(format.formatMs(value))).toBe(text))

  test.each([
    [0.5, '500 µs'],
    [20, '20 ms'],
    [1000, '1 s'],
    [5000, '5 s'],
  ])('a tick at %s ms reads %s', (value, text) => expect(plain(format.formatTick(value))).toBe(text))

  test.each([
    [850, '850 ms'],
    [5000, '5 s'],
    [12_400, '12.4 s'],
    [120_000, '2 min'],
    [252_000, '4 min 12 s'],
    [7_380_000, '2 h 3 min'],
  ])('a duration of %s ms reads %s', (value, text) => expect(plain(format.formatDuration(value))).toBe(text))

  test.each([
    [0, '0'],
    [2, '2'],
    [51.34, '51.3'],
    [8124.6, '8,120'],
    [1_234_567, '1,230,000'],
    [0.01234, '0.0123'],
    [-3, '−3'],
  ])('a number of %s reads %s', (value, text) => expect(format.formatNumber(value)).toBe(text))

  test.each([
    [0, '0'],
    [999, '999'],
    [24_120, '24,120'],
    [1_000_000, '1,000,000'],
    [-0.2, '0'],
  ])('a count of %s is exact: %s', (value, text) => expect(format.formatCount(value)).toBe(text))

  test.each([
    [0, '0 %'],
    [0.00001, '< 0.01 %'],
    [0.0005, '0.05 %'],
    [0.001, '0.1 %'],
    [0.0123, '1.2 %'],
    [0.62, '62 %'],
    [0.998, '99.8 %'],
    [0.99999, '> 99.9 %'],
    [1, '100 %'],
    [-0.05, '−5 %'],
  ])('a fraction of %s reads %s', (value, text) => expect(plain(format.formatFraction(value))).toBe(text))

  test.each([
    [512, '512 B'],
    [999.6, '1 kB'],
    [41_800, '41.8 kB'],
    [212e6, '212 MB'],
    [1.2e9, '1.2 GB'],
  ])('a size of %s bytes reads %s', (value, text) => expect(plain(format.formatBytes(value))).toBe(text))

  it('writes a rate with its unit', () => expect(plain(format.formatRate(199.98))).toBe('200 /s'))

  test.each([
    [{ estimate: 0.126, low: 0.12, high: 0.14 }, '−87 %', '−88 to −86 %'],
    [{ estimate: 0.951, low: 0.948, high: 0.954 }, '−4.9 %', '−5.2 to −4.6 %'],
    [{ estimate: 0.951, low: 0.9, high: 1.02 }, '−5 %', '−10 to +2 %'],
    [{ estimate: 1.001, low: 0.98, high: 1.02 }, '0 %', '−2 to +2 %'],
    [{ estimate: 14.2, low: 13, high: 15 }, '+1,320 %', '+1,200 to +1,400 %'],
  ])('a ratio of %o is a change of %s (%s)', (ratio, change, range) => {
    expect(plain(format.formatChange(ratio))).toBe(change)
    expect(plain(format.formatChangeRange(ratio))).toBe(range)
  })

  test.each([
    [0.1267, '7.9 times faster'],
    [0.5, '2.0 times faster'],
    [0.8, '20 % faster'],
    [1.25, '25 % slower'],
    [3, '3.0 times slower'],
    [0.05, '20 times faster'],
  ])('after / before of %s is %s', (ratio, text) => expect(plain(format.formatGain(ratio))).toBe(text))

  it('names the unit of a range once when both ends share it', () => {
    expect(plain(format.formatMsRange(128, 160))).toBe('128 to 160 ms')
    expect(plain(format.formatMsRange(0.4, 3))).toBe('400 µs to 3.0 ms')
  })

  test.each([
    [{ value: 418_000, unit: 'rows' }, '418,000 rows'],
    [{ value: 1, unit: 'rows' }, '1 row'],
    [{ value: 34.17, unit: 'count' }, '34.2'],
    [{ value: 8124.6, unit: 'cost' }, 'cost 8,120'],
    [{ value: 2.5, unit: 'ratio' }, '2.5×'],
    [{ value: 18, unit: 'ms', low: 16, high: 21 }, '18 ms (16 to 21 ms)'],
  ] as const)('the quantity %o reads %s', (quantity, text) => expect(plain(format.formatQuantity(quantity))).toBe(text))

  it('says the unit of a fact once', () => {
    const fact = (label: string, unit: 'rows' | 'cost', value = 8_124.6) =>
      plain(format.formatFact({ label, quantity: { value, unit } }))
    expect([fact('plan cost with the index', 'cost'), fact('before', 'cost')]).toEqual(['8,120', 'cost 8,120'])
    expect([fact('rows per call', 'rows', 2_500), fact('depth', 'rows', 1)]).toEqual(['2,500', '1 row'])
  })

  it('gives instants in UTC and leaves what is no date alone', () => {
    expect(format.formatInstant('2026-11-21T10:42:07.000Z')).toBe('21 Nov 2026, 10:42 UTC')
    expect(format.formatInstant('yesterday')).toBe('yesterday')
  })
})
