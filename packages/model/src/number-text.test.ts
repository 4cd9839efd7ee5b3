import { describe, expect, test } from 'vitest'
import { bytesText, countText, msText, numberText, percentText } from './number-text.ts'

describe('numbers as people read them', () => {
  test.each([
    [0, '0 ms'],
    [0.0004, '1 µs'],
    [0.042, '42 µs'],
    [4.66, '4.7 ms'],
    [46.6, '47 ms'],
    [999.6, '1.00 s'],
    [1_250, '1.25 s'],
    [600_000, '600 s'],
    [999_600, '16.7 min'],
    [3_600_000, '60 min'],
    [24 * 3_600_000, '24 h'],
    [129_600_000, '36 h'],
    [1_209_600_000, '14 days'],
    [-604_800_000, '−7 days'],
    [-47, '−47 ms'],
  ])('%s ms', (value, text) => expect(msText(value)).toBe(text))

  test.each([
    [0, '0 %'],
    [0.00001, '< 0.01 %'],
    [0.034, '3.4 %'],
    [0.62, '62 %'],
    [0.99999, '> 99.9 %'],
    [-0.05, '−5 %'],
  ])('a share of %s', (value, text) => expect(percentText(value)).toBe(text))

  test.each([
    [512, '512 B'],
    [41_830, '41.8 kB'],
    [10_000_000, '10 MB'],
    [1.24e9, '1.2 GB'],
  ])('%s bytes', (value, text) => expect(bytesText(value)).toBe(text))

  test.each([
    [24_000, '24,000', '24,000'],
    [1_234, '1,234', '1,230'],
    [34.17, '34.2', '34.2'],
    [0, '0', '0'],
  ])('%s things', (value, counted, estimated) => {
    expect(countText(value)).toBe(counted)
    expect(numberText(value)).toBe(estimated)
  })
})
