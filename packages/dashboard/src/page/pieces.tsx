/** The small pieces every section is made of: icon, chip, section, tables, notes, and the sentence for what is missing. */
import type { ComponentChildren } from 'preact'

export type Tone = 'good' | 'warn' | 'bad' | 'plain'

/** Each state has its own shape, because colours alone collapse for some readers. */
const shapes: Readonly<Record<string, string>> = {
  check: 'M2.5 8.5l3.5 3.5 7.5-8',
  cross: 'M3.5 3.5l9 9m0-9l-9 9',
  triangle: 'M8 2L1.5 13.5h13L8 2zm0 4.5v3.2m0 1.8v.2',
  circle: 'M8 1.8a6.2 6.2 0 100 12.4A6.2 6.2 0 008 1.8zm0 3v3.8m0 2.2v.2',
  dot: 'M8 1.8a6.2 6.2 0 100 12.4A6.2 6.2 0 008 1.8zm0 5.4v3.8m0-6.2v.2',
  chevron: 'M6 3.5L10.5 8 6 12.5',
}
export function Icon({ name, class: extra = '' }: { readonly name: keyof typeof shapes; readonly class?: string }) {
  return (
    <svg
      class={`icon ${extra}`}
      viewBox="0 0 16 16"
      fill="none"
      stroke="currentColor"
      stroke-width="1.7"
      stroke-linecap="round"
      stroke-linejoin="round"
      aria-hidden="true"
    >
      <path d={shapes[name]} />
    </svg>
  )
}

const iconOfTone: Readonly<Record<Tone, string>> = { good: 'check', warn: 'triangle', bad: 'cross', plain: 'dot' }
export function Chip({
  tone,
  icon,
  children,
}: {
  readonly tone: Tone
  readonly icon?: string
  readonly children: ComponentChildren
}) {
  return (
    <span class={`chip ${tone}`}>
      <Icon name={icon ?? iconOfTone[tone]} />
      <span>{children}</span>
    </span>
  )
}

export function Section(props: {
  readonly id: string
  readonly title: string
  readonly note?: ComponentChildren
  readonly children: ComponentChildren
}) {
  return (
    <section class="section" id={props.id} aria-labelledby={`${props.id}-title`}>
      <div class="section-head">
        <h2 id={`${props.id}-title`}>{props.title}</h2>
        {props.note && <p>{props.note}</p>}
      </div>
      {props.children}
    </section>
  )
}

export interface Column {
  readonly name: string
  readonly isNumber?: boolean
  /** How many cells of a row stand below it; default 1. */
  readonly cells?: number
}

/** Columns of numbers, which stand to the right. */
export const numbers = (...names: readonly string[]): readonly Column[] => names.map(name => ({ name, isNumber: true }))

/** A table that scrolls sideways where it is too wide: such a region must have a name and be reachable by keyboard. */
export function Table(props: {
  readonly label: string
  readonly columns: readonly (string | Column)[]
  /** The rows. */
  readonly children: ComponentChildren
}) {
  const columns = props.columns.map(column => (typeof column === 'string' ? { name: column } : column))
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label={props.label}>
      <table>
        <thead>
          <tr>
            {columns.map(({ name, isNumber = false, cells = 1 }: Column) => (
              <th key={name} scope="col" class={isNumber ? 'number' : ''} colSpan={cells}>
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>{props.children}</tbody>
      </table>
    </div>
  )
}

/** The numbers behind a chart, for readers who cannot or do not want to see it. */
export function DataTable({
  head: [first = '', ...rest],
  rows,
}: {
  readonly head: readonly string[]
  readonly rows: readonly (readonly string[])[]
}) {
  return (
    <details class="data">
      <summary>Show data</summary>
      <Table label="Data of the chart" columns={[first, ...numbers(...rest)]}>
        {rows.map((row, number) => (
          <tr key={number}>
            {row.map((text, index) => (
              <td key={index} class={index === 0 ? '' : 'number'}>
                {text}
              </td>
            ))}
          </tr>
        ))}
      </Table>
    </details>
  )
}

/** What the reader must know beside a result. */
export function Notes({ texts }: { readonly texts: readonly string[] }) {
  if (texts.length === 0) return null
  return (
    <ul class="notes">
      {texts.map(text => (
        <li key={text}>{text}</li>
      ))}
    </ul>
  )
}

/** A card stays when its source is missing: one sentence why, and exactly what to type. */
export function Missing({ why, type }: { readonly why: string; readonly type?: string }) {
  return (
    <p class="missing">
      {why} {type && <code>{type}</code>}
    </p>
  )
}
