/** Which frame an arrow key leads to: up to the caller, down to the widest callee, sideways to the neighbour in the row. */
import type { FlameFrame } from './flame.ts'

export function neighbourOf(current: FlameFrame, key: string, frames: readonly FlameFrame[]): FlameFrame | undefined {
  switch (key) {
    case 'ArrowUp':
      return frames.find(frame => frame.id === current.parentId)
    case 'ArrowDown':
      return frames.filter(frame => frame.parentId === current.id).toSorted((a, b) => b.width - a.width)[0]
    case 'ArrowLeft':
      return frames
        .filter(frame => frame.depth === current.depth && frame.left < current.left)
        .toSorted((a, b) => b.left - a.left)[0]
    case 'ArrowRight':
      return frames
        .filter(frame => frame.depth === current.depth && frame.left > current.left)
        .toSorted((a, b) => a.left - b.left)[0]
    default:
      return undefined
  }
}
