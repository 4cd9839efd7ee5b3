/** What no recording, however broken, may do to an import: throw, hang, lose count, or leave a file that cannot be read. */
import assert from 'node:assert/strict'
import { seededRandom } from '@whetstone/stats'
import fc from 'fast-check'
import { compileScenario } from '../../scenario/compile.ts'
import { csv, list } from '../../scenario/data/feeder.ts'
import { del, flow, get, head, patch, post, put, request, type Scenario, scenario } from '../../scenario/define.ts'
import { think } from '../../scenario/think-time.ts'
import { type FuzzTarget, fuzzTarget } from '../../testing/fuzz-target.ts'
import { formatOf, type ImportFormat } from '../format.ts'
import { importScenario } from '../import-scenario.ts'
import { writeScenario } from '../scenario/write-scenario.ts'
import { formats, recordings } from './odd-recordings.ts'

/** Of the processor, not of the clock, which also counts what others run. A case that takes longer grows faster than its input: honest ones take milliseconds. */
const LONGEST_CPU_MS = 2_000

const vocabulary = { csv, del, flow, get, head, list, patch, post, put, request, scenario, think }

/** What the engine makes of the written file, without a file. */
function loaded(text: string): void {
  const body = text
    .replace(/^import .*$/gm, '')
    .replace(/\n\/\*\* What must not[\s\S]*$/, '')
    .replace('export default scenario(', 'return scenario(')
  const given = { ...vocabulary, environment: () => 'x', randomUUID: () => 'x' }
  // oxlint-disable-next-line typescript/no-implied-eval -- the text is ours, and whether it is a program is the question
  const made = new Function(...Object.keys(given), body)(...Object.values(given)) as Scenario
  compileScenario(made, { target: { host: '127.0.0.1', port: 1 }, seed: 1, folder: '/', now: () => 0 })
}

function check(format: ImportFormat, bytes: Uint8Array): void {
  const began = process.cpuUsage()
  const options = { format, name: 'fuzz', random: seededRandom(1), writes: true, keepSecrets: bytes.length % 2 === 0 }
  const { draft, problems, unreadable } = importScenario({ file: 'f', bytes }, options)
  assert.ok(problems.length <= unreadable + 1, `${problems.length} problems of ${unreadable}`)
  for (const { file, why } of problems) assert.ok(file === 'f' && why !== '', 'a problem says where and why')
  assert.ok(
    draft.flows.every(({ weight }) => Number.isInteger(weight) && weight > 0),
    'weights are whole numbers',
  )
  for (const [index, atMs] of draft.arrivalsMs.entries())
    assert.ok(atMs >= (draft.arrivalsMs[index - 1] ?? 0), 'arrivals never fall')
  const { text } = writeScenario(draft, 'fuzz')
  // Reading the file back costs more than all the rest: a part of the cases will do.
  if (draft.flows.length > 0 && text.length % 16 === 0) loaded(text)
  const { user, system } = process.cpuUsage(began)
  const tookMs = (user + system) / 1000
  assert.ok(tookMs < LONGEST_CPU_MS, `took ${tookMs.toFixed(0)} ms of CPU for ${bytes.length} bytes`)
}

const noise = fc.uint8Array({ maxLength: 200 })

export const importTargets: readonly FuzzTarget[] = [
  ...formats.map(format =>
    fuzzTarget(
      `whatever ${format} holds becomes a scenario that loads, or a problem with its place`,
      recordings(format),
      text => check(format, Buffer.from(text)),
    ),
  ),
  fuzzTarget(
    'no bytes are too odd for any import',
    fc.tuple(
      fc.constantFrom(...formats),
      fc.oneof(
        noise,
        noise.map(bytes => Buffer.concat([Buffer.from([0x0a]), bytes])),
      ),
    ),
    ([format, bytes]) => check(format, bytes),
  ),
  fuzzTarget('the format of anything is told or not', fc.oneof(...formats.map(recordings)), text => {
    formatOf('f', Buffer.from(text))
  }),
]
