/** Which experiments there are: one file each, in the folder of its chapter. */
import { readdir } from 'node:fs/promises'

/** `database/n-plus-one`, in the order of the alphabet. */
export async function experimentIds(folder: string): Promise<string[]> {
  const files = await readdir(folder, { recursive: true })
  return files
    .filter(file => /^[a-z]+\/[a-z0-9-]+\.ts$/.test(file) && !file.endsWith('.test.ts'))
    .map(file => file.slice(0, -3))
    .toSorted()
}
