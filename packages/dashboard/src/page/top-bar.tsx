/** The bar that stays: where to go, the summary to paste, light or dark. */
import { useState } from 'preact/hooks'
import { CopyButton } from './copy-button.tsx'
import { chooseTheme, shownTheme } from './theme.ts'

export interface TopBarProps {
  readonly places: readonly (readonly [id: string, text: string])[]
  /** Markdown, to paste elsewhere. */
  readonly summary: () => string
}

export function TopBar({ places, summary }: TopBarProps) {
  const [theme, setTheme] = useState(shownTheme)
  const other = theme === 'dark' ? 'light' : 'dark'
  return (
    <header class="top">
      <div class="wrap">
        <span class="brand">
          <svg width="22" height="18" viewBox="0 0 22 18" aria-hidden="true">
            <path d="M2 11L18 2l1.5 3L5 12z" fill="currentColor" />
            <path d="M2 14.5h18" stroke="currentColor" stroke-width="2.4" stroke-linecap="round" opacity=".45" />
          </svg>
          whetstone
        </span>
        <nav aria-label="Sections">
          {places.map(([id, text]) => (
            <a key={id} href={`#${id}`}>
              {text}
            </a>
          ))}
        </nav>
        <div class="actions">
          <CopyButton class="copy-summary" text={summary}>
            Copy summary
          </CopyButton>
          <button
            class="button"
            type="button"
            aria-label={`Switch to the ${other} theme`}
            onClick={() => {
              chooseTheme(other)
              setTheme(other)
            }}
          >
            {other === 'dark' ? 'Dark' : 'Light'}
          </button>
        </div>
      </div>
    </header>
  )
}
