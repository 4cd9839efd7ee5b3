/** Pages opened from files in a real browser, with everything they complained about. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { chromiumExecutable } from '@whetstone/sandbox'
import { chromium, type Browser, type Page } from 'playwright-core'
import { afterAll, beforeAll, type TestContext } from 'vitest'

/** Fetching Chromium on a machine without one may take minutes. */
const FETCH_TIMEOUT_MS = 400_000

export interface Opened {
  readonly page: Page
  /** Console errors, refused by the policy or thrown, and dialogs. */
  readonly complaints: readonly string[]
  readonly requests: readonly string[]
}

export interface View {
  /** In pixels; default 1200. */
  readonly width?: number
  readonly theme?: 'light' | 'dark'
}

export type Open<Name extends string> = (context: TestContext, name: Name, view?: View) => Promise<Opened>

/** For the tests of the calling file, which are skipped where there is no browser. The pages are made before the first of them. */
export function openPages<Name extends string>(
  names: readonly Name[],
  render: (name: NoInfer<Name>) => string,
): Open<Name> {
  let folder: string
  let browser: Browser | undefined
  let notRun = ''

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'whetstone-pages-'))
    const found = await chromiumExecutable()
    if (found.kind === 'not-available') {
      notRun = `not run: ${found.reason}`
      return
    }
    browser = await chromium.launch({ executablePath: found.path, args: [...found.args], env: found.env })
    for (const name of names) writeFileSync(join(folder, `${name}.html`), render(name))
  }, FETCH_TIMEOUT_MS)

  afterAll(async () => {
    await browser?.close()
    rmSync(folder, { recursive: true, force: true })
  })

  return async (context, name, { width = 1200, theme = 'light' } = {}) => {
    if (!browser) context.skip(notRun)
    const page = await browser!.newPage({ viewport: { width, height: 900 } })
    context.onTestFinished(() => page.close())
    const complaints: string[] = []
    const requests: string[] = []
    page.on('console', message => message.type() !== 'log' && complaints.push(message.text()))
    page.on('pageerror', error => complaints.push(error.message))
    page.on('dialog', dialog => complaints.push(dialog.message()))
    page.on('request', request => requests.push(request.url()))
    await page.goto(`${pathToFileURL(join(folder, `${name}.html`)).href}?theme=${theme}`)
    await page.waitForSelector('h1')
    return { page, complaints, requests }
  }
}

/** How far the page can be scrolled sideways, which must be nothing. In pixels. */
export function sidewaysScroll(page: Page): Promise<number> {
  return page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
}

/** What holds of every page in every layout. */
export const layouts = [
  { width: 1200, theme: 'light' },
  { width: 390, theme: 'dark' },
] as const

/** Turned, zoomed, resized: the other layout of the same page. */
export async function turn(page: Page, { width }: View): Promise<void> {
  await page.setViewportSize({ width: width === 390 ? 1200 : 390, height: 900 })
}
