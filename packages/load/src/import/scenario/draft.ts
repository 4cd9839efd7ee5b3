/** A scenario file before it is text: flows and steps as data, so that what is written can be decided and tested apart from how. */
import type { ImportProblem } from '../imported.ts'

export interface ScenarioDraft {
  readonly name: string
  /** What it was made from, for the comment at its head. */
  readonly source: string
  readonly target: string
  readonly flows: readonly DraftFlow[]
  /** Sent with every request. */
  readonly headers: Readonly<Record<string, string>>
  /** Values that are not in the file and come from the environment. */
  readonly environment: readonly EnvironmentValue[]
  /** Values that are made anew for each user. */
  readonly generated: readonly GeneratedValue[]
  /** Instants of the recorded requests since the first one, rising; empty where they are not known. */
  readonly arrivalsMs: readonly number[]
  /** What was read and is not in the file. */
  readonly leftOut: readonly ImportProblem[]
}

export interface DraftFlow {
  readonly name: string
  readonly weight: number
  readonly steps: readonly DraftStep[]
}

export type DraftStep = DraftRequest | { readonly kind: 'think'; readonly ms: number }

/** Texts are templates: `{name}` is filled in, `{{name}}` is a literal `{name}`. */
export interface DraftRequest {
  readonly kind: 'request'
  readonly method: string
  readonly path: string
  /** Absent where the path gives the right one. */
  readonly name?: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: DraftBody
  readonly with: Readonly<Record<string, DraftFeeder>>
}

export type DraftBody =
  | { readonly kind: 'json'; readonly value: unknown }
  | { readonly kind: 'form'; readonly fields: Readonly<Record<string, string>> }
  | { readonly kind: 'text'; readonly text: string }

export type DraftFeeder =
  | { readonly kind: 'list'; readonly values: readonly unknown[] }
  /** Too many for the file itself: they get one of their own beside it. */
  | { readonly kind: 'rows'; readonly columns: readonly string[]; readonly rows: readonly (readonly string[])[] }

export interface EnvironmentValue {
  /** As templates and the file name it, `token`. */
  readonly name: string
  /** `TOKEN`. */
  readonly variable: string
  /** Why it is not written in the file. */
  readonly why: 'secret' | 'no value'
}

export interface GeneratedValue {
  readonly name: string
  readonly make: 'uuid' | 'seconds' | 'number'
}

/** `{name}`, as templates read it. */
const NAMED = /\{(\+?[A-Za-z_$][\w$]*(?:\.[\w$-]+|\[\d+\])*)\}/g

/** What a template would take for a name is written so that it stays as it is. */
export function literal(text: string): string {
  return text.replace(NAMED, '{{$1}}')
}
