import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { demoReport, hostileReport } from '../test/fixtures/reports.ts'
import { renderReport } from './index.ts'

const embedded = (html: string): string =>
  /<script type="application\/json" id="report">([\s\S]*?)<\/script>/.exec(html)![1]!

describe('the report as one file', () => {
  it('carries the whole run, unchanged, whatever it contains', () => {
    for (const report of [demoReport(), hostileReport()]) {
      expect(JSON.parse(embedded(renderReport(report)))).toEqual(JSON.parse(JSON.stringify(report)))
    }
  })

  it('lets no text of the run open or close an element', () => {
    const count = (html: string): number => html.match(/<script|<img|<!--|<svg/gi)!.length
    expect(count(renderReport(hostileReport()))).toBe(count(renderReport(demoReport())))
    expect(embedded(renderReport(hostileReport()))).not.toContain('<')
  })

  it('allows its own script and style by hash, and nothing else', () => {
    const html = renderReport(demoReport())
    const hash = (element: RegExp): string => createHash('sha256').update(element.exec(html)![1]!).digest('base64')
    expect(/Content-Security-Policy" content="([^"]*)"/.exec(html)![1]).toBe(
      `default-src 'none'; script-src 'sha256-${hash(/<script type="module"[^>]*>([\s\S]*?)<\/script>/)}'; ` +
        `style-src 'sha256-${hash(/<style[^>]*>([\s\S]*?)<\/style>/)}'; img-src data:; base-uri 'none'; form-action 'none'`,
    )
  })

  it('refers to nothing outside itself', () => {
    const markup = renderReport(demoReport()).replaceAll(/<(script|style)[\s\S]*?<\/\1>/g, '')
    expect(markup.match(/(src|href)="[^"]*"/g)).toEqual(['href="data:,"'])
  })

  it('stays small: the page without data is under 200 kB', () => {
    const html = renderReport(demoReport())
    expect(html.length - embedded(html).length).toBeLessThan(200_000)
  })
})
