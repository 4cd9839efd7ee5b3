/** The lines a finding is about, beside what to put there instead. */
import type { RankedFinding, RunReport } from '@whetstone/model'
import { CopyButton } from './copy-button.tsx'
import { Missing } from './pieces.tsx'

export function Where({ finding, report }: { readonly finding: RankedFinding; readonly report: RunReport }) {
  const { site, statementId, resource } = finding.where
  const frame = site?.[0]
  const excerpt = frame && report.excerpts[`${frame.file}:${frame.line}`]
  const sql = report.statements.find(statement => statement.id === statementId)?.text
  return (
    <div>
      <div class="code-head">
        <h3>
          Where{' '}
          {frame ? (
            <code class="mono">
              {frame.file}:{frame.line}
            </code>
          ) : (
            resource && <code class="mono">{resource}</code>
          )}
        </h3>
      </div>
      {excerpt ? (
        <pre class="code" tabIndex={0} aria-label={`${excerpt.file} from line ${excerpt.firstLine}`}>
          <code>
            {excerpt.lines.map((line, index) => (
              <span key={index} class={`row ${excerpt.firstLine + index === excerpt.line ? 'hit' : ''}`}>
                <span class="gutter">{excerpt.firstLine + index}</span>
                {line}
              </span>
            ))}
          </code>
        </pre>
      ) : sql ? (
        <pre class="code" tabIndex={0} aria-label="The statement">
          <code>
            {sql.split('\n').map((line, index) => (
              <span key={index} class="row">
                {line}
              </span>
            ))}
          </code>
        </pre>
      ) : (
        <Missing
          why={
            frame
              ? 'The source of this place was not read.'
              : resource
                ? `It is about ${resource}, not about one line of code.`
                : 'It is about the answers of the route, not about one line of code.'
          }
        />
      )}
      {site && site.length > 1 && (
        <p class="frames">
          called from{' '}
          {site
            .slice(1)
            .map(caller => `${caller.function ? `${caller.function} ` : ''}${caller.file}:${caller.line}`)
            .join(', ')}
        </p>
      )}
    </div>
  )
}

export function Remedy({ finding }: { readonly finding: RankedFinding }) {
  const { summary, steps, code } = finding.remedy
  return (
    <div>
      <div class="code-head">
        <h3>
          Remedy <code class="mono">{finding.practice}</code>
        </h3>
        {code && <CopyButton text={() => code.after}>Copy {code.language === 'sql' ? 'SQL' : 'code'}</CopyButton>}
      </div>
      <p class="soft">
        <Prose text={summary} />
      </p>
      {steps.length > 0 && (
        <ol class="steps soft">
          {steps.map((step, index) => (
            <li key={index}>
              <Prose text={step} />
            </li>
          ))}
        </ol>
      )}
      {code && (
        <pre class="code" tabIndex={0} aria-label="The remedy as code" style={{ marginTop: '8px' }}>
          <code>
            {(code.before?.split('\n') ?? []).map((line, index) => (
              <Line key={index} sign="−" kind="minus" text={line} />
            ))}
            {code.after.split('\n').map((line, index) => (
              <Line key={index} sign="+" kind={code.before === undefined ? '' : 'plus'} text={line} />
            ))}
          </code>
        </pre>
      )}
    </div>
  )
}

function Line({ sign, kind, text }: { readonly sign: string; readonly kind: string; readonly text: string }) {
  return (
    <span class={`row ${kind}`}>
      {kind && (
        <span class="gutter" style={{ minWidth: '1ch' }}>
          {sign}
        </span>
      )}
      {text}
    </span>
  )
}

/** Words between backticks are code, as people write them. */
function Prose({ text }: { readonly text: string }) {
  const parts = text.split('`')
  if (parts.length % 2 === 0) return <>{text}</>
  return <>{parts.map((part, index) => (index % 2 === 1 ? <code key={index}>{part}</code> : part))}</>
}
