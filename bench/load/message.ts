/** The next message of a child process. */
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'

export async function message(child: ChildProcess): Promise<unknown> {
  const [value] = (await once(child, 'message')) as [unknown]
  return value
}
