/** Debian's packages without root: apt with a state of its own resolves and verifies them, and dpkg only unpacks. */
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { runToEnd } from '../process/run-to-end.ts'

/** Chromium with its libraries is about 136 MB: enough on a line of 4 Mbit/s. */
const downloadTimeoutMs = 300_000

/** Downloads the packages, and what they depend on that this machine lacks, and unpacks all of it into `target`. */
export async function unpackPackages(
  aptGet: string,
  packages: readonly string[],
  work: string,
  target: string,
): Promise<void> {
  const archives = join(work, 'archives')
  for (const folder of [join(work, 'lists', 'partial'), join(archives, 'partial'), target])
    mkdirSync(folder, { recursive: true })
  const config = join(work, 'apt.conf')
  writeFileSync(config, privateConfig(work, await runToEnd('apt-config', ['dump'])))
  const env = { ...process.env, APT_CONFIG: config, LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' }
  // A foreign source that does not answer must not matter: what counts is whether the packages come.
  await runToEnd(aptGet, ['update'], { env }).catch(() => undefined)
  const install = ['install', '--download-only', '--assume-yes', '--no-install-recommends', '--no-remove', ...packages]
  await runToEnd(aptGet, install, { env, timeoutMs: downloadTimeoutMs })
  for (const archive of readdirSync(archives).filter(isUsable)) {
    await runToEnd('dpkg', ['-x', join(archives, archive), target])
  }
  // As root dpkg keeps the set-user-id bit of Chromium's helper; no such program may lie in a cache.
  await runToEnd('chmod', ['-R', 'u-s,g-s,go-w', target])
}

/** A C library of another version than the machine's own loader cannot be used. */
function isUsable(archive: string): boolean {
  return archive.endsWith('.deb') && !/^libc(6|-bin)_/.test(archive)
}

/**
 * Of the machine's configuration only how to reach the network is kept. Its hooks would touch the system (and as root they could),
 * its further indexes (AppStream, translations) are tens of megabytes that nobody here reads.
 */
export function privateConfig(work: string, machine: string): string {
  const network = machine.split('\n').filter(line => /^Acquire::(?!IndexTargets|Languages|Retries)\S/.test(line))
  return [
    ...network,
    'Dir::Etc::Main "/dev/null";',
    'Dir::Etc::Parts "/dev/null";',
    `Dir::State::Lists "${join(work, 'lists')}";`,
    `Dir::State::extended_states "${join(work, 'extended_states')}";`,
    `Dir::Cache "${work}";`,
    `Dir::Cache::Archives "${join(work, 'archives')}";`,
    'Dir::Log "/dev/null";',
    'Debug::NoLocking "true";',
    'APT::Sandbox::User "root";',
    'Acquire::Languages "none";',
    'Acquire::Retries "2";',
    'Acquire::http::Timeout "20";',
    'Acquire::https::Timeout "20";',
    '',
  ].join('\n')
}
