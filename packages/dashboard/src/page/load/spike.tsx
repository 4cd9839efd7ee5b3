/** What a sudden crowd did: before, during, and how long until it was as before. */
import type { LoadReport, SpikeResult } from '@whetstone/model'
import { formatCount, formatDuration, formatMs, formatRate } from '../../reading/format.ts'
import { Section } from '../pieces.tsx'

export function Spike({ report }: { readonly report: LoadReport }) {
  const { spike } = report
  if (spike === undefined) return null
  const tiles = [
    ['Before', formatMs(spike.p95BeforeMs), `p95 at ${formatRate(spike.baseRatePerSecond)}`],
    ['In the spike', formatMs(spike.p95DuringMs), `p95 at ${formatRate(spike.peakRatePerSecond)}`],
    ['Errors in it', formatCount(spike.errorsDuring), 'refused, failed or too late'],
    ['Recovery', ...recoveryOf(spike)],
  ] as const
  return (
    <Section id="spike" title="The spike">
      <div class="card tiles four">
        {tiles.map(([name, value, note]) => (
          <div class="tile" key={name}>
            <div class="name">{name}</div>
            <div class="value">{value}</div>
            <div class="change">{note}</div>
          </div>
        ))}
      </div>
    </Section>
  )
}

/** What nobody answered before cannot be as before. */
function recoveryOf({ p95BeforeMs, recoveryMs }: SpikeResult): readonly [string, string] {
  if (p95BeforeMs === undefined) return ['–', 'nothing was answered before it']
  return recoveryMs === undefined
    ? ['never', 'not while it was watched']
    : [formatDuration(recoveryMs), 'until p95 was as before']
}
