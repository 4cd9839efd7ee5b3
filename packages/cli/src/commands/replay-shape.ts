/** `--shape replay:shop.arrivals.txt`: requests come when they came in the recording, or so many times as fast behind an `@`. */
import { readFileSync } from 'node:fs'
import type { LoadPlan } from '@whetstone/load'
import { WhetstoneError } from '@whetstone/model'

/** Undefined when it is another shape. @throws WhetstoneError WHET_FILE, WHET_FLAG */
export function replayShape(text: string): LoadPlan['shape'] {
  const [, file, speed = '1'] = /^replay:(.+?)(?:@(\d+(?:\.\d+)?)x?)?$/.exec(text) ?? []
  if (file === undefined) return undefined
  const lines = read(file).split(/\r?\n/)
  const atMs: number[] = []
  for (const [index, line] of lines.entries()) {
    if (line.trim() === '') continue
    const instant = Number(line)
    if (!(instant >= (atMs.at(-1) ?? 0))) {
      throw new WhetstoneError(
        'WHET_FLAG',
        `${file}:${index + 1} is '${line.slice(0, 40)}', no time after the one before`,
        {
          hint: 'one number a line, milliseconds since the first request, as whetstone load import --arrivals writes them',
        },
      )
    }
    atMs.push(instant)
  }
  if (atMs.length === 0) throw new WhetstoneError('WHET_FLAG', `${file} holds no times to replay`)
  return { kind: 'replay', atMs, speed: Number(speed) }
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    throw new WhetstoneError('WHET_FILE', `${file} cannot be read: ${(cause as Error).message}`, { cause })
  }
}
