/** `npm run check`: every check at once, two at a time, output only of those that fail. */
import { spawn } from 'node:child_process'

const lanes = [['types'], ['lint', 'format', 'layers', 'dead']]
const failed = (await Promise.all(lanes.map(inTurn))).flat()
process.stdout.write(failed.length === 0 ? 'every check passes\n' : `failed: ${failed.join(', ')}\n`)
process.exitCode = failed.length === 0 ? 0 : 1

async function inTurn(names) {
  const failures = []
  for (const name of names) {
    const { code, output } = await run(name)
    if (code === 0) continue
    failures.push(name)
    process.stdout.write(`npm run check:${name}\n${output}\n`)
  }
  return failures
}

function run(name) {
  return new Promise(resolve => {
    const child = spawn('npm', ['run', '-s', `check:${name}`], { stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', text => (output += text))
    child.once('close', code => resolve({ code, output }))
  })
}
