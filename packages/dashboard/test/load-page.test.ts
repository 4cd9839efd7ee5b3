/// <reference lib="dom" />
import { describe, expect, it } from 'vitest'
import { renderLadder, renderLoadReport } from '@whetstone/dashboard'
import { loadVerdictOf } from '../src/reading/load-verdict.ts'
import { ladderReport, queryLadderReport } from './fixtures/ladder-report.ts'
import * as fixtures from './fixtures/load-reports.ts'
import { layouts, openPages, sidewaysScroll, turn } from './testing/open-pages.ts'

const reports = { ...fixtures }
const names = Object.keys(reports) as (keyof typeof reports)[]
const ladders = { ladder: ladderReport, queryLadder: queryLadderReport }
const open = openPages([...names, 'ladder', 'queryLadder'], name =>
  name === 'ladder' || name === 'queryLadder' ? renderLadder(ladders[name]) : renderLoadReport(reports[name]()),
)

describe.each(names)('the page of %s, opened from a file', name => {
  it.for(layouts)('shows its verdict in $theme without complaint or sideways scroll', async (view, context) => {
    const { page, complaints, requests } = await open(context, name, view)
    expect((await page.textContent('h1'))?.trim()).toBe(loadVerdictOf(reports[name]()).sentence.trim())
    expect(await sidewaysScroll(page)).toBe(0)
    await turn(page, view)
    await expect.poll(() => sidewaysScroll(page)).toBe(0)
    // No section gave up.
    expect(await page.locator('main > .missing').count()).toBe(0)
    expect(requests.filter(url => !url.startsWith('data:'))).toHaveLength(1)
    expect(complaints).toEqual([])
  })
})

describe('the page of a load test', () => {
  it('shows text from traffic as text, which never becomes an element', async context => {
    const { page, complaints } = await open(context, 'hostileLoad')
    const found = await page.evaluate(() => ({
      images: document.images.length,
      scripts: document.scripts.length,
      title: document.title,
      text: document.querySelector('#routes code')?.textContent,
    }))
    expect(found).toMatchObject({ images: 0, scripts: 2 })
    expect(found.title).not.toBe('owned')
    expect(found.text).toContain('</script><img src=x onerror=')
    expect(complaints).toEqual([])
  })

  it('says in one sentence what each chart shows', async context => {
    for (const name of ['keptLoad', 'capacityLoad', 'stressLoad', 'soakLoad'] as const) {
      const { page } = await open(context, name)
      const labels = await page.$$eval('[role="img"]', all => all.map(one => one.getAttribute('aria-label') ?? ''))
      expect(labels.length, name).toBeGreaterThan(2)
      expect(labels.filter(label => label.length < 10)).toEqual([])
    }
  })

  it('puts the broken limit first, and says when it broke', async context => {
    const { page } = await open(context, 'brokenLoad')
    const chips = await page.$$eval('.chips .chip', all => all.map(one => one.textContent))
    expect(chips[0]).toBe('p99 < 250ms over 10s abort: 468\u202fms, first at 37\u202fs')
    expect(chips.at(1)).toBe('checks >= 99%: not known')
  })

  it('names what was left out of the figures, and keeps it in sight', async context => {
    const { page } = await open(context, 'keptLoad')
    expect(await page.textContent('#course')).toContain(
      'Shaded until 7\u202fs: warm-up and what came before it was steady, shown and never judged.',
    )
  })

  it('says which share a lost worker took with it', async context => {
    const { page } = await open(context, 'degradedLoad')
    expect(await page.textContent('#generator')).toContain('1 of 3 lost, and 33\u202f% of the load with them')
  })

  it('draws the scalability curve no further than what was measured', async context => {
    const { page } = await open(context, 'capacityLoad')
    const ends = await page.$$eval('#capacity polyline', all =>
      all.map(one => one.getAttribute('points')!.split(' ').map(Number.parseFloat)),
    )
    const points = await page.$$eval('#capacity .pair figure:nth-child(2) circle', all =>
      all.map(one => Number(one.getAttribute('cx'))),
    )
    expect(Math.min(...ends[0]!)).toBeCloseTo(Math.min(...points), 0)
  })

  it('copies the id of a slow trace', async context => {
    const { page } = await open(context, 'keptLoad')
    await page.locator('#slowest button').first().click()
    await page.waitForSelector('#slowest button:has-text("Copied")')
  })
})

describe('the page of a ladder', () => {
  it.for([1200, 390])('says how far it was climbed, at %i pixels', async (width, context) => {
    const { page, complaints } = await open(context, 'ladder', { width })
    expect(await page.textContent('h1')).toBe('p95 went from 66\u202fms to 1.2\u202fms over 4 changes')
    expect(await page.textContent('.detail')).toContain('On 1 rung the load generator was the limit')
    expect(await page.locator('#ladder circle').count()).toBe(15)
    expect(await page.textContent('#changes')).toContain('<img src=x onerror=')
    expect(await sidewaysScroll(page)).toBe(0)
    expect(complaints).toEqual([])
  })

  it.for(layouts)('shows in $theme what each rung sent to the database, with its plan', async (view, context) => {
    const { page, complaints } = await open(context, 'queryLadder', view)
    expect(await page.$$eval('#changes td:nth-child(4)', all => all.map(one => one.textContent))).toEqual([
      '20.8',
      '1.0',
    ])
    expect(await page.$$eval('#statements h3', all => all.map(one => one.textContent))).toEqual([
      '0 lazy loading 21 queries',
      '1 indexes 1 query',
    ])
    expect(await page.textContent('#statements')).toContain(`20× SELECT '</script><img src=x>' FROM order_lines`)
    expect(
      await page.$$eval('#statements pre .row:first-child', all => all.map(one => one.textContent?.split('  ')[0])),
    ).toEqual(['Seq Scan on orders', 'Seq Scan on order_lines', 'Index Scan using order_lines_order on order_lines'])
    expect(await sidewaysScroll(page)).toBe(0)
    expect(await page.evaluate(() => document.images.length)).toBe(0)
    expect(complaints).toEqual([])
  })

  it('has no place for statements where none were kept', async context => {
    const { page } = await open(context, 'ladder')
    expect(await page.locator('#statements, a[href="#statements"]').count()).toBe(0)
  })
})
