/** Reads a limit as people write it, `GET /orders: p95 < 300ms over 10s abort`, and says where it went wrong and how to write it. */
import { WhetstoneError, closestTo, durationUnitsMs } from '@whetstone/model'
import type { LoadThreshold, ThresholdMetric } from '@whetstone/model'
import { Reader, Slip } from './reader.ts'

const rateUnits: Readonly<Record<string, number>> = { '/s': 1, '/min': 1 / 60 }
const fractionUnits: Readonly<Record<string, number>> = { '%': 0.01 }

const metricWords = ['p50', 'p90', 'p95', 'p99', 'p99.9', 'errors', 'rate', 'checks']
/** What other tools call the same thing. */
const otherNames: Readonly<Record<string, string>> = {
  avg: 'p50',
  mean: 'p50',
  average: 'p50',
  med: 'p50',
  median: 'p50',
  max: 'p100',
  rps: 'rate',
  throughput: 'rate',
  http_req_duration: 'p95',
  http_req_failed: 'errors',
  error_rate: 'errors',
}
const LONGEST_TEXT = 500
/** Slips mended one after the other before an example is shown instead. */
const MOST_SLIPS = 5
const EXAMPLE = 'p95 < 300ms'

/**
 * `[route:] metric comparison limit [over time] [after time] [abort]`, where the metric is `p95`, `service p95`, `errors`,
 * `rate`, `checks` or `checks("name")`. A route ends at the first colon before a blank: `GET /orders/:id: p95 < 1s` is read as meant.
 * Throws `WHET_LOAD_THRESHOLD`, naming the character and, as its hint, the text as it can be read.
 */
export function parseThreshold(text: string): LoadThreshold {
  if (text.length > LONGEST_TEXT) {
    throw new WhetstoneError(
      'WHET_LOAD_THRESHOLD',
      `a threshold has at most ${LONGEST_TEXT} characters, this one has ${text.length}`,
      { hint: `write ${EXAMPLE}` },
    )
  }
  try {
    return read(text)
  } catch (error) {
    if (!(error instanceof Slip)) throw error
    const { position, why } = error
    throw new WhetstoneError('WHET_LOAD_THRESHOLD', `the threshold '${text}', character ${position + 1}: ${why}`, {
      hint: `write ${mended(error)}`,
    })
  }
}

function mended(slip: Slip): string {
  let text = slip.mended
  for (let slips = 1; slips < MOST_SLIPS; slips++) {
    try {
      return read(text).text
    } catch (error) {
      if (!(error instanceof Slip)) throw error
      text = error.mended
    }
  }
  return EXAMPLE
}

function read(text: string): LoadThreshold {
  const reader = new Reader(text)
  const route = readRoute(reader)
  const metric = readMetric(reader)
  const comparison = readComparison(reader)
  const limit = readLimit(reader, metric)
  const modifiers = readModifiers(reader, metric)
  return { text: text.trim(), metric, comparison, limit, ...(route === undefined ? {} : { route }), ...modifiers }
}

function readRoute(reader: Reader): string | undefined {
  // A colon within quotes belongs to the name of a check.
  const route = reader.take(/((?:[^:"']|:(?!\s))*?)\s*:(?=\s|$)/y)?.[1]
  if (route === '') reader.fail('the route before the colon is empty', '', reader.position, 0)
  return route
}

function readMetric(reader: Reader): ThresholdMetric {
  const kind = reader.take(/(service|response)\s+/y)?.[1] === 'service' ? 'service' : 'response'
  const percentile = reader.peek(/p\d+(?:\.\d+)?(?![\w.(])/y).slice(1)
  if (percentile !== '') {
    if (Number(percentile) > 100)
      reader.fail('percentiles run from p0 to p100', `p${percentile.slice(0, 2)}.${percentile.slice(2)}`)
    reader.take(/p[\d.]+/y)
    // Not divided by 100, which would make 99.9 a fraction of 0.9990000000000001.
    return { kind, quantile: Number(`${percentile}e-2`) }
  }
  if (kind === 'service') reader.fail('the service time is judged by a percentile', 'p95')
  const named = reader.take(/checks\s*\(\s*(?:"([^"]+)"|'([^']+)')\s*\)/y)
  if (named !== undefined) return { kind: 'checks', name: named[1] ?? named[2]! }
  const word = reader.take(/(errors|rate|checks)(?![\w(])/y)?.[1] as 'errors' | 'rate' | 'checks' | undefined
  return word === undefined ? failOnMetric(reader) : { kind: word }
}

function failOnMetric(reader: Reader): never {
  const unquoted = reader.peek(/checks\s*\([^)<>=]*\)?/y).trimEnd()
  if (unquoted !== '') {
    const name = unquoted.replaceAll(/^checks\s*\(|["')]/g, '').trim()
    reader.fail('the name of a check is quoted', `checks("${name || 'has id'}")`, unquoted.length)
  }
  const word = reader.word()
  const isSign = /^[<>=!≤≥]/.test(word)
  if (word === '' || isSign) reader.fail('a metric is missing', word === '' ? EXAMPLE : 'p95', 0)
  const suggestion = otherNames[word] ?? closestTo(word.replaceAll(/[()]/g, ''), metricWords) ?? 'p95'
  reader.fail(`${word} is no metric; there are ${metricWords.join(' ')}`, suggestion)
}

function readComparison(reader: Reader): LoadThreshold['comparison'] {
  const comparison = reader.take(/([<>]=?)(?![<>=!])/y)?.[1]
  if (comparison !== undefined) return comparison as LoadThreshold['comparison']
  const signs = reader.peek(/[<>=!≤≥]+/y)
  const meant = /^[>≥]/.test(signs) ? '>=' : signs === '<<' ? '<' : '<='
  return reader.fail('a comparison is one of < <= > >=', signs === '' ? '<' : meant, signs.length)
}

function readLimit(reader: Reader, metric: ThresholdMetric): number {
  switch (metric.kind) {
    case 'response':
    case 'service':
      return readQuantity(reader, durationUnitsMs, 'a response time', '300ms')
    case 'rate':
      return readQuantity(reader, rateUnits, 'a rate', '100/s')
    case 'errors':
    case 'checks': {
      const at = reader.position
      const fraction = readQuantity(reader, fractionUnits, 'a share', metric.kind === 'errors' ? '1%' : '99%')
      if (fraction > 1) reader.fail('a share is at most 100%', '100%', reader.position - at, at)
      return fraction
    }
  }
}

function readModifiers(reader: Reader, metric: ThresholdMetric): Pick<LoadThreshold, 'windowMs' | 'afterMs' | 'abort'> {
  const modifiers: { windowMs?: number; afterMs?: number; abort: boolean } = { abort: false }
  while (!reader.atEnd()) {
    const at = reader.position
    const word = reader.word()
    if (word === 'abort') {
      if (modifiers.abort) reader.fail('abort stands here twice', '')
      if (metric.kind === 'service') reader.fail('the service time is only known at the end of a run', '')
      reader.take(/abort/y)
      modifiers.abort = true
    } else if (word === 'over' || word === 'after') {
      const key = word === 'over' ? 'windowMs' : 'afterMs'
      reader.take(/over|after/y)
      const ms = readQuantity(reader, durationUnitsMs, 'a time', '10s')
      const refuse = (why: string, instead: string): never => reader.fail(why, instead, reader.position - at, at)
      if (metric.kind === 'service') refuse('the service time is judged over the whole run', '')
      if (metric.kind === 'checks') refuse('checks are judged over the whole run', '')
      if (modifiers[key] !== undefined) refuse(`${word} stands here twice`, '')
      if (word === 'over' && ms === 0) refuse('a window has a length', 'over 10s ')
      modifiers[key] = ms
    } else {
      const meant = closestTo(word, ['over', 'after', 'abort'])
      reader.fail(`${word} is not known here; there are 'over 10s', 'after 30s' and 'abort'`, meant ?? '')
    }
  }
  return modifiers
}

/** `usual` is shown where the number is missing, and its unit where there is none. */
function readQuantity(reader: Reader, units: Readonly<Record<string, number>>, what: string, usual: string): number {
  const names = Object.keys(units).toSorted((a, b) => b.length - a.length)
  const quantity = reader.take(new RegExp(`(\\d+(?:\\.\\d+)?)\\s*(${names.join('|')})(?![\\w%/])`, 'y'))
  if (quantity !== undefined) return product(quantity[1]!, units[quantity[2]!]!)
  const digits = reader.peek(/\d+(?:\.\d+)?(?![\d.,])/y)
  const found = reader.peek(/\d[^\s<>=]*/y)
  if (digits === '') reader.fail(`${what} is a number with a unit`, usual, found.length)
  const unit = found.slice(digits.length)
  const meant = (unit === '' ? undefined : closestTo(unit, names)) ?? usual.replace(/^\d+/, '')
  // Other tools count errors as a fraction; nobody means 0.01 of a percent by it.
  const isFraction = units === fractionUnits && unit === '' && Number(digits) < 1
  const number = isFraction ? String(Number(`${digits}e2`)) : digits
  const known = names.length === 1 ? names[0] : `one of ${Object.keys(units).join(' ')}`
  return reader.fail(`${what} has a unit, ${known}`, `${number}${meant}`, found.length)
}

/** 0.1 % is 0.001, not 0.001 and some last bits. */
function product(digits: string, unit: number): number {
  const exponent = Math.log10(unit)
  return Number.isInteger(exponent) ? Number(`${digits}e${exponent}`) : Number(digits) * unit
}
