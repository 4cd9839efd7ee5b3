/** What the project's files say: dependencies, and the lines around every call site that evidence names. */
export interface SourceEvidence {
  readonly schema: 'source@1'
  /** Absolute path of the project root; paths in frames are relative to it. */
  readonly root: string
  readonly packageName?: string
  readonly dependencies: Readonly<Record<string, string>>
  /** Lines around named sites, by `file:line`. */
  readonly excerpts: Readonly<Record<string, SourceExcerpt>>
}
export interface SourceExcerpt {
  readonly file: string
  readonly firstLine: number
  readonly lines: readonly string[]
  readonly line: number
}
