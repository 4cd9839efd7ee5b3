import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { nextPiecePages, pagesIn, type PageRange, rangesOf, selectPiece, takePiece } from './table-pieces.ts'

const allPieces = (ranges: readonly PageRange[], pages: number): (readonly PageRange[])[] => {
  const pieces: (readonly PageRange[])[] = []
  for (let rest = ranges; rest.length > 0;) {
    const taken = takePiece(rest, pages)
    pieces.push(taken.piece)
    rest = taken.rest
  }
  return pieces
}

describe('pages of a table', () => {
  it.each([
    ['nothing of an empty table', 0, 1, []],
    ['all of a table that fits', 5_000, 1, [{ first: 0, end: 5_000 }]],
    ['all of a small table, however little is wanted', 20, 0.01, [{ first: 0, end: 20 }]],
    [
      'a quarter, spread over the whole table',
      400,
      0.25,
      [
        { first: 0, end: 32 },
        { first: 128, end: 160 },
        { first: 256, end: 288 },
        { first: 384, end: 400 },
      ],
    ],
  ])('takes %s', (_, pages, fraction, expected) => {
    expect(rangesOf(pages, fraction)).toEqual(expected)
  })

  it('cuts every page into exactly one piece, and no piece is larger than asked', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 20_000 }),
        fc.double({ min: 0.001, max: 1, noNaN: true }),
        fc.integer({ min: 1, max: 3_000 }),
        (pages, fraction, size) => {
          const ranges = rangesOf(pages, fraction)
          const pieces = allPieces(ranges, size)
          const listed = (list: readonly PageRange[]) =>
            list.flatMap(({ first, end }) => Array.from({ length: end - first }, (__, page) => first + page))
          expect(listed(pieces.flat())).toEqual(listed(ranges))
          expect(Math.max(...pieces.map(pagesIn))).toBeLessThanOrEqual(size)
        },
      ),
      { numRuns: 40 },
    )
  })

  it('reads a range by row addresses, one branch a stretch', () => {
    const source = { table: '"t"', columns: '"a"', serverVersion: 180_000, blockBytes: 8_192 }
    expect(
      selectPiece(source, [
        { first: 0, end: 32 },
        { first: 128, end: 160 },
      ]),
    ).toBe(
      `SELECT "a" FROM "t" WHERE ctid >= '(0,0)' AND ctid < '(32,0)' UNION ALL SELECT "a" FROM "t" WHERE ctid >= '(128,0)' AND ctid < '(160,0)'`,
    )
  })

  it('asks for more when a piece was quick and for less when it was slow, within bounds', () => {
    expect(nextPiecePages(1_024, 100)).toBe(4_096)
    expect(nextPiecePages(1_024, 1)).toBe(4_096)
    expect(nextPiecePages(4_096, 1)).toBe(8_192)
    expect(nextPiecePages(1_024, 800)).toBe(512)
    expect(nextPiecePages(20, 60_000)).toBe(16)
  })
})
