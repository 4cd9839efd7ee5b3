/** Writes a file at once or not at all: a reader never meets half of it, also when the run is interrupted. */
import { rename, writeFile } from 'node:fs/promises'

/** Replaces what was there. For one writer of a file at a time. */
export async function writeAtomically(file: string, text: string): Promise<void> {
  await writeFile(`${file}.new`, text)
  await rename(`${file}.new`, file)
}
