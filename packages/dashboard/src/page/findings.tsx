/** Findings ordered by effect: one row each, and behind it the evidence, the place and the remedy. */
import type { RankedFinding, RunReport } from '@whetstone/model'
import { useEffect, useRef } from 'preact/hooks'
import { gainOf, stateOf, type FindingState } from '../reading/gain.ts'
import { placeOf } from '../reading/place.ts'
import { plural } from '../reading/format.ts'
import { FindingBody } from './finding-body.tsx'
import { Chip, Icon, Missing, Section, type Tone } from './pieces.tsx'

const iconOfSeverity = {
  high: ['triangle', 'text-bad', 'high'],
  warn: ['circle', 'text-warn', 'warning'],
  info: ['dot', '', 'note'],
} as const
const chipOfState: Readonly<Record<FindingState, readonly [tone: Tone, text: string, icon?: string]>> = {
  validated: ['good', 'Validated'],
  'not-confirmed': ['warn', 'Not confirmed'],
  worse: ['bad', 'Made it worse'],
  applied: ['plain', 'Applied', 'check'],
  proposed: ['plain', 'Proposed', 'circle'],
  note: ['plain', 'Note'],
}

export function Findings({ report }: { readonly report: RunReport }) {
  const checks = report.coverage.filter(row => row.state !== 'unknown').length
  const from = checks > 0 ? ` from ${plural(checks, 'check')}` : ''
  const notes = report.findings.filter(({ severity }) => severity === 'info').length
  const aside = notes > 0 && notes < report.findings.length ? `, ${notes} of them only noted` : ''
  const note =
    report.findings.length > 0 && `${plural(report.findings.length, 'finding')}${from}${aside}, ordered by effect`
  return (
    <Section id="findings" title="Findings" note={note}>
      {report.findings.length === 0 ? (
        <div class="card">
          <Missing why={nothingText(report)} />
        </div>
      ) : (
        <div class="card findings">
          {report.findings.map((finding, index) => (
            <FindingRow key={`${finding.fingerprint} ${index}`} finding={finding} report={report} open={index === 0} />
          ))}
        </div>
      )}
    </Section>
  )
}

function nothingText(report: RunReport): string {
  if (report.verdict === 'failed') return 'The run broke before anything could be judged.'
  if (report.overall.requests === 0) return 'No request was answered, so there was nothing to judge.'
  return 'Nothing to fix in what could be seen. What could not be seen, and how to show it, is below.'
}

function FindingRow({
  finding,
  report,
  open,
}: {
  readonly finding: RankedFinding
  readonly report: RunReport
  readonly open: boolean
}) {
  const element = useRef<HTMLDetailsElement>(null)
  // Set once, not by an attribute on each render: afterwards the reader decides. Paper cannot be opened, so printing opens all.
  useEffect(() => {
    const details = element.current!
    details.open = open
    const openForPrint = (): void => void (details.open = true)
    addEventListener('beforeprint', openForPrint)
    return () => removeEventListener('beforeprint', openForPrint)
  }, [])
  const gain = gainOf(finding)
  const [icon, iconClass, word] = iconOfSeverity[finding.severity]
  const [tone, text, chipIcon] = chipOfState[stateOf(finding, report.ladder)]
  const place = placeOf(finding.where)
  return (
    <details class="finding" ref={element}>
      <summary>
        <span class={iconClass}>
          <Icon name={icon} />
          <span class="hidden">{word}: </span>
        </span>
        <div>
          <div class="title">{finding.title}</div>
          <div class="place">
            {place && <code>{place}</code>}
            {finding.where.route && place !== finding.where.route && <> · {finding.where.route}</>}
          </div>
        </div>
        <div class="gain">
          {gain.text && (
            <>
              <strong>{gain.text}</strong> {gain.kind === 'none' ? '' : gain.kind}
            </>
          )}
          {gain.kind !== 'none' && (
            <div class="bar" aria-hidden="true">
              <i class={gain.kind} style={{ width: `${Math.max(1, gain.fraction * 100)}%` }} />
            </div>
          )}
        </div>
        <div class="state">
          <Chip tone={tone} {...(chipIcon ? { icon: chipIcon } : {})}>
            {text}
          </Chip>
        </div>
        <Icon name="chevron" class="chevron" />
      </summary>
      <FindingBody finding={finding} report={report} />
    </details>
  )
}
