/** Shows a file in the user's browser, and does not mind where there is none. */
import { spawn } from 'node:child_process'
import { platform } from 'node:os'

export function openInBrowser(file: string): void {
  const opener = platform() === 'darwin' ? 'open' : 'xdg-open'
  const child = spawn(opener, [file], { stdio: 'ignore', detached: true })
  child.on('error', () => {})
  child.unref()
}
