/** Heaps over time, written as short tables. */
import type { HeapProfileEvidence, HeapSite } from '@whetstone/model'

/** `keptMegabytes` right after full collections, one a second, 50 requests between two. */
export function heapOf(
  keptMegabytes: readonly number[],
  sites: readonly HeapSite[] = [],
  everyMs = 1_000,
): HeapProfileEvidence {
  return {
    schema: 'heap-profile@1',
    processes: [
      {
        pid: 100,
        heapLimitBytes: 2e9,
        collections: keptMegabytes.map((megabytes, at) => ({
          atMs: 1_000_000 + at * everyMs,
          keptBytes: megabytes * 1e6,
          pauseMs: 12,
          requests: at * 50,
        })),
        sites,
      },
    ],
  }
}

export const keptAt = (
  name: string,
  firstBytes: number,
  lastBytes: number,
  more: Partial<HeapSite> = {},
): HeapSite => ({
  frame: { file: 'src/session.ts', line: 12, column: 1, function: name },
  firstBytes,
  lastBytes,
  ...more,
})

/** `from` megabytes and `each` more after every collection. */
export const rising = (from: number, each: number, count = 15): number[] =>
  Array.from({ length: count }, (_, at) => from + at * each)
