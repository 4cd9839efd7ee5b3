/** `npm run check`: every `check:…` of package.json, two at a time, output only of those that fail. */
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const { scripts } = JSON.parse(readFileSync(join(import.meta.dirname, 'package.json'), 'utf8'))
// They stand there with the longest first, so that neither lane is left alone with a long one.
const waiting = Object.keys(scripts).filter(name => name.startsWith('check:'))
const failed = []
await Promise.all([lane(), lane()])
process.stdout.write(failed.length === 0 ? 'every check passes\n' : `failed: ${failed.join(', ')}\n`)
process.exitCode = failed.length === 0 ? 0 : 1

async function lane() {
  for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
    const { code, output } = await run(name)
    if (code === 0) continue
    failed.push(name)
    process.stdout.write(`npm run ${name}\n${output}\n`)
  }
}

function run(name) {
  return new Promise(resolve => {
    const child = spawn('npm', ['run', '-s', name], { stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', text => (output += text))
    child.once('close', code => resolve({ code, output }))
  })
}
