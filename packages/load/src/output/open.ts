/** `--output csv=load.csv`, `--output prometheus=http://…`: where a run's figures go, read and checked before the run begins. */
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { WhetstoneError, closestTo } from '@whetstone/model'
import type { LoadReport } from '@whetstone/model'
import { intervalTable, summaryTable } from './csv.ts'
import { Delivery, type DeliveryOptions, deliveryDefaults } from './delivery.ts'
import { junitXml } from './junit.ts'
import { MetricStream } from './metric-stream.ts'
import { otlpEncoder, otlpHeaders } from './otlp.ts'
import type { Output } from './output.ts'
import { prometheusEncoder, prometheusHeaders } from './prometheus.ts'

const files: Readonly<Record<string, (report: LoadReport) => string>> = {
  json: report => `${JSON.stringify(report)}\n`,
  csv: intervalTable,
  'csv-summary': summaryTable,
  junit: junitXml,
}
const streams: Readonly<Record<string, (url: URL, options: DeliveryOptions) => Output>> = {
  prometheus: (url, options) =>
    new MetricStream(
      prometheusEncoder,
      new Delivery(
        'prometheus',
        withPath(url, path => (path === '/' ? '/api/v1/write' : path)),
        prometheusHeaders,
        options,
      ),
    ),
  otlp: (url, options) =>
    new MetricStream(
      otlpEncoder,
      new Delivery(
        'otlp',
        withPath(url, path => (path.endsWith('/v1/metrics') ? path : `${path.replace(/\/$/, '')}/v1/metrics`)),
        otlpHeaders,
        options,
      ),
    ),
}
/** The page is written by whoever draws it, before these are opened; who mistypes it is told of it all the same. */
const kinds = [...Object.keys(files), ...Object.keys(streams), 'html']
/** Names of what is in the file rather than of the kind. */
const alsoCalled: Readonly<Record<string, string>> = { xml: 'junit', page: 'html' }

/**
 * Each text is `json=`, `csv=`, `csv-summary=` or `junit=` with a file, or `prometheus=` or `otlp=` with a URL; those without a path
 * get that of the protocol, and a user and password in it are sent as basic authentication. Throws `WHET_LOAD_OUTPUT`.
 */
export function openOutputs(specs: readonly string[], delivery: Partial<DeliveryOptions> = {}): Output {
  const outputs = specs.map(spec => openOutput(spec, { ...deliveryDefaults, ...delivery }))
  const twice = specs.map(fileOf).find((file, index, all) => file !== undefined && all.indexOf(file) !== index)
  if (twice !== undefined) {
    throw new WhetstoneError('WHET_LOAD_OUTPUT', `two outputs would write ${twice}`, {
      hint: 'give each a file of its own',
    })
  }
  return {
    interval(interval, context) {
      for (const output of outputs) output.interval(interval, context)
    },
    async finish(report) {
      return (await Promise.all(outputs.map(output => output.finish(report)))).flat()
    },
  }
}

function openOutput(spec: string, delivery: DeliveryOptions): Output {
  const { kind, value } = split(spec)
  const textOf = files[kind]
  if (textOf !== undefined) return guarded(spec, fileOutput(value, textOf))
  const open = streams[kind]
  if (open === undefined) {
    const near = alsoCalled[kind.toLowerCase()] ?? closestTo(kind, kinds)
    const meant = near === undefined ? '' : `did you mean ${near}? `
    throw new WhetstoneError('WHET_LOAD_OUTPUT', `there is no output ${kind}`, {
      hint: `${meant}There are ${kinds.join(', ')}`,
    })
  }
  if (!/^https?:\/\//.test(value) || !URL.canParse(value)) {
    throw new WhetstoneError('WHET_LOAD_OUTPUT', `the output ${kind} goes to a URL, and '${value}' is none`, {
      hint: `--output ${kind}=http://127.0.0.1:${kind === 'otlp' ? 4318 : 9090}`,
    })
  }
  return guarded(spec, open(new URL(value), delivery))
}

function split(spec: string): { readonly kind: string; readonly value: string } {
  const at = spec.indexOf('=')
  const value = spec.slice(at + 1)
  if (at <= 0 || value === '') {
    throw new WhetstoneError('WHET_LOAD_OUTPUT', `the output '${spec}' does not say where it goes`, {
      hint: '--output csv=load.csv',
    })
  }
  return { kind: spec.slice(0, at), value }
}

function fileOf(spec: string): string | undefined {
  const { kind, value } = split(spec)
  return kind in files ? value : undefined
}

function fileOutput(file: string, textOf: (report: LoadReport) => string): Output {
  return {
    interval() {},
    async finish(report) {
      await mkdir(dirname(file), { recursive: true })
      await writeFile(file, textOf(report))
      return []
    },
  }
}

/** Whatever goes wrong in an output, the run goes on and tells it at the end. */
function guarded(spec: string, output: Output): Output {
  const { kind } = split(spec)
  let failure: string | undefined
  const note = (error: unknown) => (failure ??= `${kind}: ${(error as Error).message}`)
  return {
    interval(interval, context) {
      try {
        output.interval(interval, context)
      } catch (error) {
        note(error)
      }
    },
    async finish(report) {
      const warnings = await output.finish(report).catch((error: unknown) => void note(error))
      return [...(warnings ?? []), ...(failure === undefined ? [] : [failure])]
    },
  }
}

function withPath(url: URL, change: (path: string) => string): URL {
  const changed = new URL(url)
  changed.pathname = change(url.pathname)
  return changed
}
