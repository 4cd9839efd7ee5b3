/** A Chromium for looking at our own pages: with fonts, without a sandbox where none can work, and without calls home. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { thisHost } from '../cache/host.ts'
import { findTool } from './find-tool.ts'
import type { NotAvailable } from './tool.ts'

export interface ChromiumExecutable {
  readonly kind: 'chromium'
  /** `executablePath` for playwright-core. */
  readonly path: string
  /** The whole environment to launch with. */
  readonly env: Readonly<Record<string, string>>
  readonly args: readonly string[]
}

const quiet = [
  '--disable-quic',
  '--no-first-run',
  '--no-default-browser-check',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-domain-reliability',
  '--disable-sync',
  '--no-pings',
  // /dev/shm of a container is often 64 MB, too little for a page.
  '--disable-dev-shm-usage',
]

export async function chromiumExecutable(
  env: NodeJS.ProcessEnv = process.env,
): Promise<ChromiumExecutable | NotAvailable> {
  const tool = await findTool('chromium', env)
  if (tool.kind !== 'binary') return tool
  // As root Chromium refuses its sandbox; an unpacked one lacks the set-user-id helper that older kernels need for it.
  const unsandboxed = process.getuid?.() === 0 || tool.source === 'apt'
  const fonts =
    tool.source === 'apt'
      ? { FONTCONFIG_FILE: fontConfig(thisHost(env).cache, join(dirname(tool.path), '../../..')) }
      : {}
  const whole = Object.entries({ ...env, ...tool.env, ...fonts }).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  )
  return {
    kind: 'chromium',
    path: tool.path,
    env: Object.fromEntries(whole),
    args: unsandboxed ? ['--no-sandbox', ...quiet] : quiet,
  }
}

/** The unpacked configuration names absolute folders of the system, where our fonts are not. */
function fontConfig(cache: string, unpacked: string): string {
  const folder = join(cache, 'fontconfig')
  const path = join(folder, 'fonts.conf')
  mkdirSync(folder, { recursive: true })
  writeFileSync(
    path,
    `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>${join(unpacked, 'usr/share/fonts')}</dir>
  <dir>/usr/share/fonts</dir>
  <cachedir>${join(folder, 'cache')}</cachedir>
  <include ignore_missing="yes">/etc/fonts/fonts.conf</include>
  <alias><family>sans-serif</family><prefer><family>DejaVu Sans</family></prefer></alias>
  <alias><family>serif</family><prefer><family>DejaVu Serif</family></prefer></alias>
  <alias><family>monospace</family><prefer><family>DejaVu Sans Mono</family></prefer></alias>
</fontconfig>
`,
  )
  return path
}
