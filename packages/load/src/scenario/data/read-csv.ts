/** Rows of a CSV file, or the line of it that is wrong. */
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { WhetstoneError } from '@whetstone/model'
import type { FileSource } from './feeder.ts'

/** About 300 MB of rows of ten columns; larger files are drawn from better by a query. */
export const MAX_ROWS = 1_000_000

/** Rejects with `WHET_SCENARIO_DATA` naming file and line. */
export async function readCsv(source: FileSource, folder: string): Promise<readonly Record<string, unknown>[]> {
  const file = resolve(folder, source.file)
  const text = await textOf(file, source.file)
  const { parse } = await import('csv-parse/sync')
  let read: readonly { readonly record: Record<string, unknown>; readonly info: { readonly lines: number } }[]
  try {
    read = parse(text, {
      columns: true,
      bom: true,
      info: true,
      skip_empty_lines: true,
      delimiter: source.delimiter ?? ',',
      to: MAX_ROWS + 1,
    })
  } catch (cause) {
    const { lines } = cause as { lines?: number }
    throw dataError(`${source.file}${lines === undefined ? '' : `:${lines}`}: ${(cause as Error).message}`, { cause })
  }
  checkCount(source.file, read.length)
  const rows = read.map(({ record }) => record)
  for (const column of source.numbers ?? []) {
    if (!Object.hasOwn(rows[0]!, column)) {
      throw dataError(`${source.file} has no column ${column}`, {
        hint: `its columns: ${Object.keys(rows[0]!).join(', ')}`,
      })
    }
    for (const { record, info } of read) {
      const value = Number(record[column])
      if (record[column] === '' || Number.isNaN(value)) {
        throw dataError(`${source.file}:${info.lines}: ${column} is ${JSON.stringify(record[column])}, no number`)
      }
      record[column] = value
    }
  }
  return rows
}

/** Throws `WHET_SCENARIO_DATA` for none and for more than {@link MAX_ROWS}. */
export function checkCount(from: string, rows: number): void {
  if (rows === 0) throw dataError(`${from} holds no rows`)
  if (rows > MAX_ROWS) {
    throw dataError(`${from} holds more than ${MAX_ROWS} rows`, { hint: 'draw from a part of it, or use sql(…)' })
  }
}

/** Rejects with `WHET_SCENARIO_DATA`. `name` is the path as the author wrote it. */
export async function textOf(file: string, name: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    throw dataError(`${name} cannot be read: ${(cause as Error).message}`, { cause })
  }
}

export function dataError(
  message: string,
  options: { readonly hint?: string; readonly cause?: unknown } = {},
): WhetstoneError {
  return new WhetstoneError('WHET_SCENARIO_DATA', message, options)
}
