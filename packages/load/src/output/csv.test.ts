import { parse } from 'csv-parse/sync'
import { describe, expect, it } from 'vitest'
import { intervalTable, summaryTable } from './csv.ts'
import { madeReport } from './testing/made-report.ts'

const read = (text: string) => parse<Record<string, string>>(text, { columns: true, record_delimiter: '\r\n' })

describe('the table of intervals', () => {
  it('has a row for each route and status class, and one for a second in which nothing ended', () => {
    expect(intervalTable(madeReport()).replaceAll('\r\n', '\n')).toMatchInlineSnapshot(`
      "step,purpose,at_ms,duration_ms,route,status_class,requests,rate_per_second,mean_ms,p50_ms,p95_ms,p99_ms,max_ms
      0,warm-up,0,1000,GET /orders,2xx,100,100,40,40,40,40,40
      0,warm-up,1000,1000,GET /orders,2xx,100,100,20,20,20,20,20
      1,measure,0,1000,GET /orders,2xx,100,100,10,10,10,10,10
      1,measure,0,1000,GET /items/:id,2xx,30,30,0.7,0.7,0.7,0.7,0.7
      1,measure,1000,1000,GET /orders,2xx,90,90,10,10,10,10,10
      1,measure,1000,1000,GET /orders,4xx,7,7,2,2,2,2,2
      1,measure,1000,1000,GET /orders,5xx,3,3,1,1,1,1,1
      1,measure,2000,1000,,,0,0,,,,,
      1,measure,3000,1000,GET /orders,2xx,100,100,900,900,900,900,900
      1,measure,3000,1000,GET /orders,error,12,12,,,,,
      1,measure,3000,1000,GET /items/:id,2xx,30,30,0.7,0.7,0.7,0.7,0.7
      1,measure,4000,1000,GET /orders,2xx,102,102,892.157,10.008,10.008,44990.463,45000
      "
    `)
  })

  it('adds up to what the report counts', () => {
    const report = madeReport()
    const rows = read(intervalTable(report)).filter(({ purpose }) => purpose === 'measure')
    const sum = rows.reduce((total, { requests }) => total + Number(requests), 0)
    expect(sum).toBe(report.steps[1]!.overall.requests)
  })

  it('quotes what needs it', () => {
    const report = madeReport()
    const route = 'GET /a,"b"\nc'
    const steps = report.steps.map(step => ({
      ...step,
      intervals: step.intervals.map(interval => ({
        ...interval,
        cells: (interval.cells ?? []).map(cell => ({ ...cell, route })),
      })),
    }))
    expect(read(intervalTable({ ...report, steps }))[0]).toMatchObject({ route, status_class: '2xx' })
  })
})

it('the summary has a row for each step and each of its routes', () => {
  expect(summaryTable(madeReport()).replaceAll('\r\n', '\n')).toMatchInlineSnapshot(`
    "step,purpose,route,requests,errors,error_fraction,rate_per_second,mean_ms,p50_ms,p90_ms,p95_ms,p99_ms,p99.9_ms,max_ms,service_p50_ms,service_p95_ms,service_p99_ms,mean_body_bytes,errors_by_kind
    0,warm-up,,200,0,0,100,30,20.015,40,40,40,40,40,10.008,20,20,,
    0,warm-up,GET /orders,200,0,0,100,30,20.015,40,40,40,40,40,10.008,20,20,0,
    1,measure,,474,15,0.031646,94.8,398.597,10.008,899.583,899.583,899.583,45000,45000,5.003,449.791,449.791,,
    1,measure,GET /orders,414,15,0.036232,82.8,458.431,10.008,899.583,899.583,899.583,45000,45000,5.003,449.791,449.791,0,
    1,measure,GET /items/:id,60,0,0,12,0.7,0.7,0.7,0.7,0.7,0.7,0.7,0.35,0.35,0.35,0,
    "
  `)
})
