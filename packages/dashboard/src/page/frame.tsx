/** What the page of a run and that of a load test have in common: the bar, the way past it, and sections of which one may break alone. */
import type { ComponentType } from 'preact'
import { Guarded } from './guarded.tsx'
import { TopBar, type TopBarProps } from './top-bar.tsx'

interface FrameProps<R> extends TopBarProps {
  readonly report: R
  /** Where a reader with a keyboard goes first. */
  readonly skipTo: readonly [id: string, text: string]
  readonly sections: readonly (readonly [name: string, section: ComponentType<{ readonly report: R }>])[]
}

export function Frame<R>({ report, skipTo: [id, text], sections, places, summary }: FrameProps<R>) {
  return (
    <>
      <a class="skip" href={`#${id}`}>
        Skip to {text}
      </a>
      <TopBar places={places} summary={summary} />
      <main class="wrap">
        {sections.map(([name, Part]) => (
          <Guarded key={name} name={name}>
            <Part report={report} />
          </Guarded>
        ))}
      </main>
    </>
  )
}
