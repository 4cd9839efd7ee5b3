/// <reference lib="dom" />
import { describe, expect, it } from 'vitest'
import { renderReport } from '@whetstone/dashboard'
import { verdictOf } from '../src/reading/verdict.ts'
import * as reports from './fixtures/reports.ts'
import { layouts, openPages, sidewaysScroll, turn } from './testing/open-pages.ts'

const makers = {
  demo: reports.demoReport,
  diagnosed: reports.diagnosedReport,
  clean: reports.cleanReport,
  empty: reports.emptyReport,
  failed: reports.failedReport,
  noisy: reports.noisyReport,
  hostile: reports.hostileReport,
  broken: reports.brokenReport,
} as const
type Name = keyof typeof makers
const names = Object.keys(makers) as Name[]
const whole = names.filter(name => name !== 'broken')
const open = openPages(names, name => renderReport(makers[name]()))

describe.each(whole)('the %s report, opened from a file', name => {
  it.for(layouts)('shows its verdict in $theme without complaint or sideways scroll', async (view, context) => {
    const { page, complaints, requests } = await open(context, name, view)
    expect((await page.textContent('h1'))?.trim()).toBe(verdictOf(makers[name]()).sentence.trim())
    const background = await page.evaluate(() => getComputedStyle(document.body).backgroundColor)
    expect(background).toBe(view.theme === 'dark' ? 'rgb(20, 19, 18)' : 'rgb(250, 250, 249)')
    expect(await sidewaysScroll(page)).toBe(0)
    await turn(page, view)
    await expect.poll(() => sidewaysScroll(page)).toBe(0)
    expect(requests.filter(url => !url.startsWith('data:'))).toHaveLength(1)
    expect(complaints).toEqual([])
  })
})

describe('text from traffic', () => {
  it('is shown as text and never becomes an element', async context => {
    const { page, complaints } = await open(context, 'hostile')
    const found = await page.evaluate(() => ({
      images: document.images.length,
      scripts: document.scripts.length,
      handlers: document.querySelectorAll('[onerror], [onload]').length,
      title: document.title,
      text: document.querySelector('.code .row')?.textContent,
    }))
    expect(found).toMatchObject({ images: 0, scripts: 2, handlers: 0 })
    expect(found.title).not.toBe('owned')
    expect(found.text).toContain('</script><img src=x onerror=')
    expect(complaints).toEqual([])
  })
})

describe('the keyboard', () => {
  it('opens and closes findings', async context => {
    const { page } = await open(context, 'demo')
    const openOnes = () => page.$$eval('details.finding', all => all.map(one => (one as HTMLDetailsElement).open))
    expect(await openOnes()).toEqual([true, false, false, false])
    await page.locator('details.finding > summary').nth(1).focus()
    await page.keyboard.press('Enter')
    expect(await openOnes()).toEqual([true, true, false, false])
    await page.keyboard.press('Space')
    expect(await openOnes()).toEqual([true, false, false, false])
  })

  it('walks the flame graph with arrows, zooms with Enter and leaves with Escape', async context => {
    const { page } = await open(context, 'demo')
    const widthOf = (label: string) =>
      page
        .locator('.flame button', { hasText: label })
        .first()
        .evaluate(one => (one as HTMLElement).style.width)
    expect(Number.parseFloat(await widthOf('items src/repo/orders.ts'))).toBeLessThan(60)
    await page.locator('.flame button[tabindex="0"]').focus()
    for (const key of ['ArrowDown', 'ArrowDown', 'ArrowDown', 'ArrowDown']) await page.keyboard.press(key)
    const focused = () => page.evaluate(() => document.activeElement?.getAttribute('aria-label') ?? '')
    expect(await focused()).toContain('items src/repo/orders.ts:84')
    await page.keyboard.press('Enter')
    await expect.poll(() => widthOf('items src/repo/orders.ts')).toBe('100%')
    await page.keyboard.press('Escape')
    await expect.poll(async () => Number.parseFloat(await widthOf('items src/repo/orders.ts'))).toBeLessThan(60)
  })

  it('reaches the findings first by the skip link', async context => {
    const { page } = await open(context, 'demo')
    await page.keyboard.press('Tab')
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Skip to the findings')
  })
})

describe('the page', () => {
  it('remembers the theme that was switched to', async context => {
    const { page } = await open(context, 'clean')
    await page.goto(page.url().replace('?theme=light', ''))
    await page.getByRole('button', { name: 'Switch to the dark theme' }).click()
    await page.reload()
    expect(await page.evaluate(() => document.documentElement.dataset['theme'])).toBe('dark')
  })

  it('copies the remedy', async context => {
    const { page } = await open(context, 'demo')
    await page.getByRole('button', { name: 'Copy code' }).first().click()
    await page.waitForSelector('button:has-text("Copied")')
  })

  it('says in one sentence what each chart shows, and has its numbers', async context => {
    const { page } = await open(context, 'demo')
    const labels = await page.$$eval('[role="img"]', all => all.map(one => one.getAttribute('aria-label') ?? ''))
    expect(labels.filter(label => label.length < 10)).toEqual([])
    expect(await page.locator('summary', { hasText: 'Show data' }).count()).toBe(4)
    await page.locator('#latency summary').click()
    expect(await page.locator('#latency table tbody tr').count()).toBeGreaterThan(20)
  })

  it('opens every finding for paper', async context => {
    const { page } = await open(context, 'demo')
    await page.pdf()
    expect(await page.locator('details.finding[open]').count()).toBe(4)
  })

  it('keeps its other sections when the data of one is broken', async context => {
    const { page } = await open(context, 'broken')
    expect(await page.locator('main > .missing').textContent()).toContain('The routes could not be shown')
    expect(await page.locator('#cpu .flame').count()).toBe(1)
  })

  it('says what to type where a source is missing', async context => {
    const { page } = await open(context, 'clean')
    expect(await page.locator('#latency .missing').textContent()).toContain('whetstone diagnose http://127.0.0.1:3000')
    expect(await page.locator('#cpu .missing').textContent()).toContain('whetstone diagnose -- <your start command>')
  })
})
