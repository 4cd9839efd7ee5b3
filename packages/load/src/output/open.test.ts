import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { LoadReport } from '@whetstone/model'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openOutputs } from './open.ts'
import { contextIn, madeReport } from './testing/made-report.ts'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'whetstone-outputs-'))
})
afterAll(async () => await rm(folder, { recursive: true }))

describe('openOutputs', () => {
  it('writes each file once the run is over', async () => {
    const report = madeReport(['p95 < 300ms'])
    const file = (name: string) => join(folder, 'deep/er', name)
    const kinds = ['json', 'csv', 'csv-summary', 'junit']
    const output = openOutputs(kinds.map(kind => `${kind}=${file(kind)}`))
    for (const interval of report.steps[1]!.intervals) output.interval(interval, contextIn(report, report.steps[1]!))
    expect(await output.finish(report)).toEqual([])
    const [json, csv, summary, junit] = await Promise.all(kinds.map(async kind => await readFile(file(kind), 'utf8')))
    expect(JSON.parse(json!) as LoadReport).toEqual(report)
    expect([csv, summary, junit].map(text => text!.split(/\r?\n/)[0])).toEqual([
      'step,purpose,at_ms,duration_ms,route,status_class,requests,rate_per_second,mean_ms,p50_ms,p95_ms,p99_ms,max_ms',
      expect.stringMatching(/^step,purpose,route,requests,errors/),
      '<?xml version="1.0" encoding="UTF-8"?>',
    ])
  })

  it('makes a warning of what cannot be written, and writes the rest', async () => {
    await writeFile(join(folder, 'a-file'), '')
    const warnings = await openOutputs([`json=${folder}/a-file/out.json`, `csv=${folder}/out.csv`]).finish(madeReport())
    expect(warnings).toEqual([expect.stringMatching(/^json: E(EXIST|NOTDIR)/)])
    expect(await readFile(join(folder, 'out.csv'), 'utf8')).toContain('measure')
  })

  it('makes a warning of figures that cannot be read', async () => {
    const report = madeReport()
    const output = openOutputs(['prometheus=http://127.0.0.1:9'], { retryDelaysMs: [] })
    const broken = { ...report.steps[1]!.intervals[0]!, response: { ...report.steps[1]!.overall.response, count: 1 } }
    output.interval(broken, contextIn(report, report.steps[1]!))
    expect((await output.finish({ ...report, steps: [] })).join()).toContain('prometheus: a histogram says it counts 1')
  })

  it.each([
    [
      'jsn=out.json',
      'there is no output jsn',
      'did you mean json? There are json, csv, csv-summary, junit, prometheus, otlp, html',
    ],
    [
      'xml=out.xml',
      'there is no output xml',
      'did you mean junit? There are json, csv, csv-summary, junit, prometheus, otlp, html',
    ],
    [
      'spreadsheet=a.xls',
      'there is no output spreadsheet',
      'There are json, csv, csv-summary, junit, prometheus, otlp, html',
    ],
    ['out.json', "the output 'out.json' does not say where it goes", '--output csv=load.csv'],
    ['csv=', "the output 'csv=' does not say where it goes", '--output csv=load.csv'],
    [
      'otlp=localhost:4318',
      "the output otlp goes to a URL, and 'localhost:4318' is none",
      '--output otlp=http://127.0.0.1:4318',
    ],
  ])('refuses %s', (spec, message, hint) => {
    expect(() => openOutputs([spec])).toThrow(expect.objectContaining({ code: 'WHET_LOAD_OUTPUT', message, hint }))
  })

  it('refuses two outputs to one file', () => {
    expect(() => openOutputs(['json=out', 'csv=out'])).toThrow('two outputs would write out')
  })
})
