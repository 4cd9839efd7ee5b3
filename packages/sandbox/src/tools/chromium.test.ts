import { chromium } from 'playwright-core'
import { expect, it } from 'vitest'
import { chromiumExecutable } from './chromium.ts'

it('Chromium launches and renders a page', { timeout: 400_000 }, async context => {
  const found = await chromiumExecutable()
  if (found.kind === 'not-available') return context.skip(`not run: ${found.reason}`)
  const browser = await chromium.launch({ executablePath: found.path, args: [...found.args], env: found.env })
  try {
    const page = await browser.newPage()
    await page.goto('data:text/html,<title>Sharp</title><h1>Whetstone</h1><script>document.title += "er"</script>')
    expect(await page.title()).toBe('Sharper')
    expect((await page.locator('h1').boundingBox())?.width).toBeGreaterThan(0)
  } finally {
    await browser.close()
  }
})
