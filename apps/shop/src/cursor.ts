/** Opaque page cursors: they hold the position both ways, so that the slow and the fixed list answer the same request alike. */
export interface Position {
  readonly offset: number
  readonly afterId: number
}

export function encodeCursor(position: Position): string {
  return Buffer.from(`${position.offset}:${position.afterId}`).toString('base64url')
}

/** An unreadable cursor is the first page. */
export function decodeCursor(text: string | undefined): Position {
  const [offset, afterId] = Buffer.from(text ?? '', 'base64url')
    .toString('latin1')
    .split(':')
    .map(Number)
  return { offset: offset || 0, afterId: afterId || 0 }
}
