/** The last lines before a run broke. */
import type { RunReport } from '@whetstone/model'
import { formatDuration } from '../reading/format.ts'
import { Section } from './pieces.tsx'

const TAIL_LINES = 20

export function Log({ report }: { readonly report: RunReport }) {
  if (report.verdict !== 'failed') return null
  const tail = report.events.slice(-TAIL_LINES)
  if (tail.length === 0) return null
  return (
    <Section id="log" title="What was logged last" note="Time since the start of the run">
      <pre class="log" tabIndex={0}>
        {tail
          .map(event => `${formatDuration(event.atMs).padStart(9)}  ${event.kind.padEnd(7)}  ${event.text}`)
          .join('\n')}
      </pre>
    </Section>
  )
}
