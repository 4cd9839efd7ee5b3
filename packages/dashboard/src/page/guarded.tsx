/** Keeps one broken section from taking the others with it: its place says what went wrong. */
import { Component, type ComponentChildren } from 'preact'

interface Props {
  readonly name: string
  readonly children: ComponentChildren
}
export class Guarded extends Component<Props, { readonly broken?: string }> {
  static override getDerivedStateFromError(error: unknown): { broken: string } {
    return { broken: String(error) }
  }

  override render({ name, children }: Props, { broken }: { readonly broken?: string }): ComponentChildren {
    if (broken === undefined) return children
    return (
      <p class="card missing" style={{ marginTop: '36px' }}>
        {name} could not be shown: {broken.slice(0, 300)}. Its numbers are in this file, as JSON.
      </p>
    )
  }
}
