/** Shapes as people write them: `ramp:10..200`, `stairs:50,100,200`, `sine:100±50/30s`, `spike:50..500@30s+10s`. */
import { WhetstoneError, closestTo, durationMs, durationPattern } from '@whetstone/model'
import type { RateShape } from './shape.ts'
import { checkShape } from './shape.ts'

interface Form {
  readonly example: string
  /** How the example reads aloud. */
  readonly meaning: string
  readonly pattern: RegExp
  read(parts: readonly string[]): RateShape
}

const rate = String.raw`(\d+(?:\.\d+)?)(?:/s)?`
const time = `(${durationPattern})`

const forms: Readonly<Record<string, Form>> = {
  ramp: {
    example: 'ramp:10..200',
    meaning: 'evenly from 10 to 200 a second',
    pattern: new RegExp(String.raw`^${rate}\.\.${rate}$`),
    read: ([from, to]) => ({ kind: 'ramp', fromPerSecond: Number(from), toPerSecond: Number(to) }),
  },
  stairs: {
    example: 'stairs:50,100,200',
    meaning: 'three rates, each for a third of the time',
    pattern: new RegExp(`^(${rate}(?:,${rate})*)$`),
    read: ([rates]) => ({ kind: 'stairs', ratesPerSecond: rates!.split(',').map(text => parseFloat(text)) }),
  },
  sine: {
    example: 'sine:100±50/30s',
    meaning: 'between 50 and 150 a second, once around every 30 s',
    pattern: new RegExp(String.raw`^${rate}(?:±|\+-|\+/-)${rate}/${time}$`),
    read: ([mean, amplitude, period]) => ({
      kind: 'sine',
      meanPerSecond: Number(mean),
      amplitudePerSecond: Number(amplitude),
      periodMs: durationMs(period!)!,
    }),
  },
  spike: {
    example: 'spike:50..500@30s+10s',
    meaning: '50 a second, and 500 for 10 s, beginning after 30 s',
    pattern: new RegExp(String.raw`^${rate}\.\.${rate}@${time}\+${time}$`),
    read: ([base, peak, at, length]) => ({
      kind: 'spike',
      basePerSecond: Number(base),
      peakPerSecond: Number(peak),
      atMs: durationMs(at!)!,
      lengthMs: durationMs(length!)!,
    }),
  },
}

/** Blanks and `/s` behind a rate are allowed, `+-` stands for `±`. Throws `WHET_LOAD_SHAPE`, or `WHET_LOAD_PLAN` for a shape that makes no sense. */
export function parseShape(text: string): RateShape {
  const [, kind, rest] = /^([^:]*):?(.*)$/s.exec(text.replaceAll(/\s/g, ''))!
  const form = Object.hasOwn(forms, kind!) ? forms[kind!] : undefined
  if (form === undefined) {
    const meant = closestTo(kind!, Object.keys(forms))
    throw new WhetstoneError('WHET_LOAD_SHAPE', `'${text}' begins with no shape of load that is known`, {
      hint: (meant === undefined ? Object.values(forms) : [forms[meant]!]).map(explained).join('\n'),
    })
  }
  const parts = form.pattern.exec(rest!)
  if (parts === null) {
    throw new WhetstoneError('WHET_LOAD_SHAPE', `the ${kind} '${text}' cannot be read`, { hint: explained(form) })
  }
  const shape = form.read(parts.slice(1))
  checkShape(shape)
  return shape
}

function explained({ example, meaning }: Form): string {
  return `write it as ${example} (${meaning})`
}
