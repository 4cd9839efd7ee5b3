/** The page of a ladder: the sentence, the chart, and what was changed on each rung. */
import type { LadderReport } from '@whetstone/model'
import { formatInstant, formatNumber } from '../reading/format.ts'
import { ladderVerdictOf } from '../reading/ladder-verdict.ts'
import { Guarded } from './guarded.tsx'
import { Ladder } from './ladder.tsx'
import { Statements } from './ladder-statements.tsx'
import { Chip, numbers, Section, Table } from './pieces.tsx'
import { TopBar } from './top-bar.tsx'

const places = [
  ['result', 'Result'],
  ['ladder', 'Ladder'],
  ['changes', 'Changes'],
  ['statements', 'Statements'],
  ['method', 'Method'],
] as const
const toneOfVerdict = { healthy: 'good', degraded: 'warn', invalid: 'bad' } as const

export function LadderPage({ report }: { readonly report: LadderReport }) {
  const { sentence, detail } = ladderVerdictOf(report)
  const hasStatements = report.rungs.some(({ statements = [] }) => statements.length > 0)
  return (
    <>
      <TopBar
        places={places.filter(([id]) => id !== 'statements' || hasStatements)}
        summary={() => `**${sentence}**\n\n${detail}`}
      />
      <main class="wrap">
        <div id="result">
          <div class="context">
            <strong>{report.title}</strong>
            <span>{formatInstant(report.run.startedAt)}</span>
          </div>
          <h1>{sentence}</h1>
          <p class="detail">{detail}</p>
        </div>
        <Guarded name="The ladder">
          <Ladder report={{ ladder: report.rungs }} />
        </Guarded>
        <Guarded name="The changes">
          <Changes report={report} />
        </Guarded>
        <Guarded name="The statements">
          <Statements report={report} />
        </Guarded>
        <footer id="method">
          <p>
            <strong>Method.</strong> Open model, Poisson arrivals at {formatNumber(report.offeredRatePerSecond)}{' '}
            requests per second; latency counts from the moment a request was due. Each rung was measured once, after a
            warm-up.
          </p>
          <p>
            <strong>Machine.</strong> {report.run.machine}; {report.run.node}.
          </p>
          <p>
            {report.run.tool} · <code>{report.run.command}</code> · seed {report.run.seed} · raw data is inside this
            file
          </p>
        </footer>
      </main>
    </>
  )
}

function Changes({ report }: { readonly report: LadderReport }) {
  const countsQueries = report.rungs.some(({ queriesPerRequest }) => queriesPerRequest !== undefined)
  return (
    <Section id="changes" title="What was changed">
      <div class="card">
        <Table
          label="What was changed on each rung"
          columns={[
            { name: 'Rung', cells: 2 },
            'Change',
            ...numbers(...(countsQueries ? ['Queries a request'] : []), 'Generator'),
          ]}
        >
          {report.rungs.map(({ label, change, queriesPerRequest, generator }, index) => (
            <tr key={index}>
              <td>
                <span class="rung">{index}</span>
              </td>
              <td style={{ minWidth: '120px' }}>{label}</td>
              <td style={{ minWidth: '240px' }}>
                <code>{change}</code>
              </td>
              {countsQueries && <td class="number">{queriesPerRequest?.toFixed(1)}</td>}
              <td class="number">
                <Chip tone={toneOfVerdict[generator]}>{generator}</Chip>
              </td>
            </tr>
          ))}
        </Table>
      </div>
    </Section>
  )
}
