/** What may leave the machine: structure and numbers stay; parameters, literals, concrete URLs, hosts and local paths go. */
import { type Evidence, maskSecrets, type RunReport, type Statement, type Trace } from '@whetstone/model'

export interface ExportedRun {
  readonly schema: 'whetstone/export@1'
  readonly report: RunReport
  readonly evidence: Evidence
}

/** Pure. Everything not named here as safe to keep has been dropped or masked. */
export function redactRun({
  report,
  evidence,
}: {
  readonly report: RunReport
  readonly evidence: Evidence
}): ExportedRun {
  const root = evidence.source?.root
  const { 'http-probe': httpProbe, source, ...kept } = evidence
  const redacted = {
    report: {
      ...report,
      run: { ...report.run, command: '' },
      target: withoutAddresses(report.target),
      statements: report.statements.map(withoutValues),
      traces: report.traces.map(withoutUrl),
      excerpts: {},
      events: report.events.map(event => ({ ...event, text: '' })),
    },
    evidence: {
      ...kept,
      ...(httpProbe
        ? {
            'http-probe': {
              ...httpProbe,
              probes: httpProbe.probes.map(probe => ({
                ...probe,
                url: '',
                answer: { ...probe.answer, headers: headerNames(probe.answer.headers) },
              })),
            },
          }
        : {}),
      ...(kept.statements
        ? { statements: { ...kept.statements, statements: kept.statements.statements.map(withoutValues) } }
        : {}),
      ...(kept.traces ? { traces: { ...kept.traces, traces: kept.traces.traces.map(withoutUrl) } } : {}),
      ...(source ? { source: { ...source, root: '.', excerpts: {} } } : {}),
    },
  }
  return withoutPaths({ schema: 'whetstone/export@1', ...redacted }, root)
}

function withoutValues(statement: Statement): Statement {
  const { rawText: _literal, ...rest } = statement
  return { ...rest, parameters: [] }
}

function withoutUrl(trace: Trace): Trace {
  const { url: _url, ...rest } = trace
  return rest
}

function withoutAddresses(target: RunReport['target']): RunReport['target'] {
  const { database: _database, command: _command, ...rest } = target
  return { ...rest, url: '' }
}

/** Which headers there are matters to the practices; of their values only caching and encoding do. */
function headerNames(headers: Readonly<Record<string, string>>): Record<string, string> {
  const telling = new Set([
    'cache-control',
    'content-encoding',
    'content-type',
    'vary',
    'transfer-encoding',
    'connection',
  ])
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, telling.has(name) ? value : '']))
}

function withoutPaths(run: ExportedRun, root: string | undefined): ExportedRun {
  return JSON.parse(JSON.stringify(run), (_key, value: unknown) => {
    if (typeof value !== 'string') return value
    return maskSecrets(root ? value.replaceAll(root, '.') : value)
  }) as ExportedRun
}
