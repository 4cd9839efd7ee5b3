/** Cuts a table into ranges of pages, so that reading it is many short statements instead of one long one: pure, the reading is done elsewhere. */

/** Pages from `first` up to, but not including, `end`. */
export interface PageRange {
  readonly first: number
  readonly end: number
}

/** A sample is made of stretches of this many pages: rows that were written together, such as the lines of an order, stay together. */
const stretchPages = 32
/** A statement with more branches than this takes longer to plan than to run. */
const mostRangesOfPiece = 64

/** The whole table as one range, or stretches spread evenly over it that hold about `fraction` of its pages. Small tables come whole. */
export function rangesOf(pages: number, fraction: number): PageRange[] {
  if (pages <= 0 || fraction <= 0) return []
  if (fraction >= 1 || pages <= stretchPages) return [{ first: 0, end: pages }]
  const stride = stretchPages / fraction
  return Array.from({ length: Math.ceil(pages / stride) }, (_, turn) => {
    const first = Math.floor(turn * stride)
    return { first, end: Math.min(pages, first + stretchPages) }
  })
}

export function pagesIn(ranges: readonly PageRange[]): number {
  return ranges.reduce((sum, { first, end }) => sum + end - first, 0)
}

/** The next piece of at most `pages` pages, and what is left after it. */
export function takePiece(
  ranges: readonly PageRange[],
  pages: number,
): { readonly piece: readonly PageRange[]; readonly rest: readonly PageRange[] } {
  const piece: PageRange[] = []
  let room = pages
  for (const [position, { first, end }] of ranges.entries()) {
    if (room <= 0 || piece.length >= mostRangesOfPiece) return { piece, rest: ranges.slice(position) }
    const until = Math.min(end, first + room)
    piece.push({ first, end: until })
    room -= until - first
    if (until < end) return { piece, rest: [{ first: until, end }, ...ranges.slice(position + 1)] }
  }
  return { piece, rest: [] }
}

export interface PieceSource {
  /** Quoted. */
  readonly table: string
  /** Quoted, with commas. */
  readonly columns: string
  /** As `server_version_num`. */
  readonly serverVersion: number
  readonly blockBytes: number
}

/** From this version on a range of row addresses is read by itself; before it, it would read the table from end to end. */
const readsRanges = 140_000
/** Smallest room a row takes in a page: its header and its line pointer. */
const leastRowBytes = 28

export function selectPiece({ table, columns, serverVersion, blockBytes }: PieceSource, piece: readonly PageRange[]) {
  if (serverVersion >= readsRanges) {
    return piece
      .map(({ first, end }) => `SELECT ${columns} FROM ${table} WHERE ctid >= '(${first},0)' AND ctid < '(${end},0)'`)
      .join(' UNION ALL ')
  }
  const ranges = piece.map(({ first, end }) => `(${first}, ${end - 1})`).join(', ')
  return `SELECT ${columns} FROM ${table} WHERE ctid = ANY (ARRAY(
    SELECT format('(%s,%s)', page, line)::tid FROM (VALUES ${ranges}) piece (first, last),
      generate_series(first, last) page, generate_series(1, ${Math.floor(blockBytes / leastRowBytes)}) line))`
}

/** A statement of ours should take about this long on the user's server: far below its timeout, long enough that the round trip does not count. */
const pieceMs = 400
export const firstPiecePages = 1_024
export const leastPiecePages = 16
/** 64 MB of the usual 8 kB pages. */
const mostPiecePages = 8_192

/** Pages for the next piece, after one of `pages` pages took `elapsedMs`. */
export function nextPiecePages(pages: number, elapsedMs: number): number {
  const factor = Math.min(4, Math.max(0.25, pieceMs / Math.max(1, elapsedMs)))
  return Math.round(Math.min(mostPiecePages, Math.max(leastPiecePages, pages * factor)))
}
