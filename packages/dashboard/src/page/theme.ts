/** Light or dark: the address decides (`?theme=dark`), then the reader's last choice, then the system. */
export type Theme = 'light' | 'dark'
const KEY = 'whetstone-theme'

export function startTheme(): void {
  apply(currentTheme())
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => apply(currentTheme()))
  // Ink on paper is always dark on light.
  addEventListener('beforeprint', () => apply('light'))
  addEventListener('afterprint', () => apply(currentTheme()))
}

export function currentTheme(): Theme {
  const asked = new URLSearchParams(location.search).get('theme') ?? remembered()
  if (asked === 'light' || asked === 'dark') return asked
  return matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light'
}

export function chooseTheme(theme: Theme): void {
  try {
    localStorage.setItem(KEY, theme)
  } catch {
    // A browser may refuse storage to file:// pages; the choice then lasts as long as the page.
  }
  apply(theme)
}

/** Calls back after each change, for what is drawn on a canvas. Returns how to stop. */
export function onTheme(changed: () => void): () => void {
  const observer = new MutationObserver(changed)
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] })
  return () => observer.disconnect()
}

export function colour(token: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${token}`).trim()
}

export function shownTheme(): Theme {
  return document.documentElement.dataset['theme'] === 'dark' ? 'dark' : 'light'
}

function apply(theme: Theme): void {
  document.documentElement.dataset['theme'] = theme
}

function remembered(): string | null {
  try {
    return localStorage.getItem(KEY)
  } catch {
    return null
  }
}
