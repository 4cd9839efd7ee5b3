/** Copies text, also from file:// pages where the clipboard interface is refused. */
import type { ComponentChildren } from 'preact'
import { useState } from 'preact/hooks'

const SHOWN_MS = 1600

export function CopyButton(props: {
  readonly text: () => string
  readonly class?: string
  readonly children: ComponentChildren
}) {
  const [state, setState] = useState<'idle' | 'copied' | 'refused'>('idle')
  const onClick = async () => {
    setState((await copied(props.text())) ? 'copied' : 'refused')
    setTimeout(() => setState('idle'), SHOWN_MS)
  }
  return (
    <button class={`button ${props.class ?? ''}`} type="button" onClick={() => void onClick()}>
      <span aria-live="polite">
        {state === 'idle' ? props.children : state === 'copied' ? 'Copied' : 'Not allowed here'}
      </span>
    </button>
  )
}

async function copied(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    return copiedBySelection(text)
  }
}

/** Old, but the only way without a secure context. */
function copiedBySelection(text: string): boolean {
  const area = document.createElement('textarea')
  area.value = text
  area.className = 'hidden'
  document.body.append(area)
  area.select()
  const done = document.execCommand('copy')
  area.remove()
  return done
}
