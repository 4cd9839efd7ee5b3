/** Publishes a prepared folder in the cache: readers see all of it or nothing, and two processes may prepare the same one. */
import { existsSync, renameSync } from 'node:fs'

/** `rename` refuses a target that is a filled folder: then another process was first, with the same content. */
export function moveIntoPlace(draft: string, place: string): void {
  try {
    renameSync(draft, place)
  } catch (error) {
    if (!existsSync(place)) throw error
  }
}
