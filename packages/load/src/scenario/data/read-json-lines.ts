/** Rows of a file with one JSON value a line, or the line of it that is wrong. */
import { resolve } from 'node:path'
import type { FileSource } from './feeder.ts'
import { checkCount, dataError, MAX_ROWS, textOf } from './read-csv.ts'

/** Rejects with `WHET_SCENARIO_DATA` naming file and line. */
export async function readJsonLines(source: FileSource, folder: string): Promise<readonly unknown[]> {
  const text = await textOf(resolve(folder, source.file), source.file)
  const rows: unknown[] = []
  for (const [index, line] of text
    .replace(/^\uFEFF/, '')
    .split('\n')
    .entries()) {
    if (line.trim() === '') continue
    try {
      rows.push(JSON.parse(line))
    } catch (cause) {
      throw dataError(`${source.file}:${index + 1}: ${(cause as Error).message}`, { cause })
    }
    if (rows.length > MAX_ROWS) break
  }
  checkCount(source.file, rows.length)
  return rows
}
