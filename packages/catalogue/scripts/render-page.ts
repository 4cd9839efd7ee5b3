/** Writes the page of a practice from its module, so that what is documented is what is checked. */
import { type AnyPractice, chapters } from '@whetstone/model'
import { median } from '@whetstone/stats'
import { roadmapRow } from '../src/index.ts'
import type { ExperimentResult } from './results.ts'

export function renderPage(practice: AnyPractice, experiment: ExperimentResult | undefined): string {
  const row = roadmapRow(practice.id)
  return `${[
    `# ${practice.title}`,
    `\`${practice.id}\` · ${practice.chapter}${row?.sharesDetectorWith === undefined ? '' : ` · read together with \`${row.sharesDetectorWith}\``}`,
    '## What it costs',
    practice.why,
    '## When not to',
    list(practice.unless),
    '## How it is found',
    evidenceLine(practice),
    thresholdTable(practice),
    '## What to do',
    practice.remedy.summary + (practice.remedy.library === undefined ? '' : ` With: ${practice.remedy.library}.`),
    'Before:',
    fence(practice.remedy.example.language, practice.remedy.example.before),
    'After:',
    fence(practice.remedy.example.language, practice.remedy.example.after),
    ...runtimePart(practice),
    ...measuredPart(practice, experiment),
    '## Sources',
    list(practice.sources.map(source => `<${source}>`)),
  ]
    .filter(part => part !== '')
    .join('\n\n')}\n`
}

export function renderIndex(practices: readonly AnyPractice[]): string {
  const parts = chapters.flatMap(chapter => {
    const own = practices.filter(practice => practice.chapter === chapter)
    if (own.length === 0) return []
    return [`## ${chapter}`, list(own.map(({ id, title }) => `[${title}](${chapter}/${id}.md) \`${id}\``))]
  })
  return `${['# Practices', 'Generated from the modules of the catalogue by `npm run docs`.', ...parts].join('\n\n')}\n`
}

function evidenceLine({ needs, optional }: AnyPractice): string {
  const words = (kinds: readonly string[]) => kinds.map(kind => `\`${kind}\``).join(', ')
  const more = optional?.length ? `; sees more with ${words(optional)}` : ''
  return `Reads ${words(needs)}${more}. Thresholds can be overridden in \`whetstone.config.ts\`.`
}

function thresholdTable({ thresholds }: AnyPractice): string {
  const rows = Object.entries(thresholds).map(
    ([name, { value, unit, source }]) => `| \`${name}\` | ${value} ${unit} | ${source.replaceAll('|', '\\|')} |`,
  )
  return rows.length === 0
    ? ''
    : ['| threshold | value | where it comes from |', '| --- | --- | --- |', ...rows].join('\n')
}

function measuredPart(practice: AnyPractice, experiment: ExperimentResult | undefined): readonly string[] {
  if (experiment?.counts !== undefined) return drilledPart(practice, experiment)
  const { ratio, metric, verdict, answer } = experiment ?? {}
  if (!ratio || typeof ratio === 'number') return []
  return [
    '## What it returned',
    `The experiment measured ${metric ?? 'latency'} before ÷ after = **${digits(ratio.estimate)}×** (95 % interval ${digits(ratio.low)} to ${digits(ratio.high)})${verdict === undefined ? '' : `, verdict ${verdict}`}${answer === undefined ? '' : `; answers: ${answer}`}.`,
    `Run it yourself: \`npm run -s experiment -- ${practice.chapter}/${practice.id}\``,
  ]
}

function runtimePart({ remedy: { withRuntime } }: AnyPractice): readonly string[] {
  return withRuntime === undefined ? [] : ['With `@whetstone/runtime`:', fence('ts', withRuntime)]
}

function drilledPart({ chapter, id }: AnyPractice, drill: ExperimentResult): readonly string[] {
  const { counts, before = [], after = [], ratio, verdict } = drill
  if (typeof ratio !== 'number') return []
  return [
    '## What it returned',
    `The drill counted ${counts} in ${before.length} rounds, each with fresh processes: **${digits(median(before))}** before, **${digits(median(after))}** after (medians)${verdict === undefined ? '' : `, verdict ${verdict}`}.`,
    `Run it yourself: \`npm run -s experiment -- ${chapter}/${id}\``,
  ]
}

function digits(value: number): string {
  return String(Number(value.toPrecision(3)))
}

function list(items: readonly string[]): string {
  return items.map(item => `- ${item}`).join('\n')
}

function fence(language: string, code: string): string {
  return `\`\`\`${language}\n${code}\n\`\`\``
}
