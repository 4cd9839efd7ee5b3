/** What strangers would get, asked by publint: each package as npm packs it, after `npm run build`. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'

const root = import.meta.dirname
const folders = [...readdirSync(join(root, 'packages')).map(name => `packages/${name}`), 'apps/shop']
const packs = mkdtempSync(join(tmpdir(), 'whetstone-published-'))
try {
  const packed = JSON.parse(npm(['pack', '--json', '--pack-destination', packs, ...folders.map(name => `./${name}`)]))
  if (packed.length !== folders.length) throw new Error(`${folders.length} packages, but ${packed.length} were packed`)
  const faults = (await Promise.all(packed.map(faultsOf))).flat()
  process.stdout.write(faults.map(line => `${line}\n`).join(''))
  process.exitCode = faults.length === 0 ? 0 : 1
} finally {
  rmSync(packs, { recursive: true, force: true })
}

async function faultsOf({ name, filename }) {
  const { buffer, byteOffset, byteLength } = readFileSync(join(packs, filename.replace('@', '').replace('/', '-')))
  const tarball = buffer.slice(byteOffset, byteOffset + byteLength)
  const { messages, pkg } = await publint({ pack: { tarball }, strict: true })
  // The condition for work inside this repository names sources, which are not published.
  return messages
    .filter(message => !message.path.includes('@whetstone/source'))
    .map(message => `${name}: ${formatMessage(message, pkg, { color: false })}`)
}

function npm(words) {
  const { status, stdout, stderr } = spawnSync('npm', words, { cwd: root, encoding: 'utf8' })
  if (status !== 0) throw new Error(`npm ${words[0]} ended with ${status}:\n${stderr}`)
  return stdout
}
