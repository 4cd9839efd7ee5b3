/** A load command is somebody else's program: it gets the address, its time, and an end. */
import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { prepareCommand } from './command-line.ts'
import { type CommandOptions, runLoadCommand } from './run-command.ts'

const baseUrl = 'http://127.0.0.1:3000'
const prepared = (text: string) => prepareCommand(text, { baseUrl, outputFile: '/tmp/out' })

describe('a command', () => {
  it.each<[string, string, readonly string[]]>([
    ['wrk -d 20s $URL/a', 'wrk', ['-d', '20s', 'http://127.0.0.1:3000/a']],
    ["ab -n 5 '${URL}/b?x=1&y=2'", 'ab', ['-n', '5', 'http://127.0.0.1:3000/b?x=1&y=2']],
    ['nc $HOST $PORT', 'nc', ['127.0.0.1', '3000']],
    [
      'k6 run -e BASE=$URL --out json=$OUT s.js',
      'k6',
      ['run', '-e', 'BASE=http://127.0.0.1:3000', '--out', 'json=/tmp/out', 's.js'],
    ],
    ['ab $URL/ | tee log', 'sh', ['-c', 'ab $URL/ | tee log']],
    ['hey -H "a: $TOKEN" $URL', 'sh', ['-c', 'hey -H "a: $TOKEN" $URL']],
  ])('%s', (text, file, args) => {
    expect(prepared(text)).toMatchObject({ file, args })
  })

  it('is searched for the files it writes and the paths it asks for', () => {
    expect(prepared('k6 run --summary-export=s.json -o json=p.json -e U=$URL x.js').outputs).toEqual([
      '/tmp/out',
      's.json',
      'p.json',
    ])
    expect(prepared('jmeter -n -t plan.jmx -l out.jtl -Jhost=$HOST').outputs).toEqual(['/tmp/out', 'out.jtl'])
    expect(prepared('ab $URL/orders/7').paths).toEqual(['/orders/7'])
  })

  it.each([
    ['  ', 'the load command is empty'],
    ['wrk http://elsewhere/', "the load command does not say where to send: 'wrk http://elsewhere/'"],
  ])('%j is refused', (text, message) => {
    expect(() => prepared(text)).toThrow(expect.objectContaining({ code: 'WHET_LOAD_COMMAND', message }))
  })
})

describe('its run', () => {
  let folder: string
  beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'whetstone-command-'))))
  afterEach(() => rm(folder, { recursive: true }))
  const run = (text: string, options: Partial<CommandOptions> = {}) =>
    runLoadCommand({
      text,
      baseUrl,
      workingDirectory: folder,
      durationMs: 30_000,
      signal: new AbortController().signal,
      ...options,
    })

  it('gives what was printed and written, and how it ended', async () => {
    const result = await run('echo one $URL > $OUT; echo two; echo three >&2; exit 3')
    expect(result).toMatchObject({ exitCode: 3, stopped: false })
    expect(result.texts).toEqual(['one http://127.0.0.1:3000\n', 'two\n', 'three\n'])
    expect(result.logTail).toEqual(['two', 'three'])
  })

  it('reads a file that the command names, and none of an earlier run', async () => {
    await writeFile(join(folder, 'old.json'), 'old')
    const result = await run('sh -c "echo $URL > new.json; touch -d 2020-01-01 old.json" -o json=new.json -l old.json')
    expect(result.texts).toEqual(['http://127.0.0.1:3000\n', '', ''])
  })

  it('ends in time, with everything it started', async () => {
    // A tool that keeps on when it is interrupted, and its own helper, which writes as long as it lives.
    await writeFile(
      join(folder, 'tool.sh'),
      `trap 'echo asked' INT
(trap '' INT; while :; do date +%s%N > alive; sleep 0.05; done) &
echo $! > helper
while :; do sleep 0.05; done`,
    )
    const abort = new AbortController()
    const running = run('sh tool.sh $URL', { signal: abort.signal, graceMs: 200 })
    await until(() => existsSync(join(folder, 'alive')))
    abort.abort()
    const result = await running
    expect(result).toMatchObject({ stopped: true, exitCode: undefined })
    expect(result.texts.join('')).toContain('asked')
    const helper = Number(await readFile(join(folder, 'helper'), 'utf8'))
    await until(() => isDead(helper))
  })

  it('that cannot be started says so', async () => {
    await expect(run('no-such-tool $URL')).rejects.toMatchObject({
      code: 'WHET_LOAD_COMMAND',
      message: expect.stringContaining("cannot start the load command 'no-such-tool'") as string,
    })
  })
})

/** Gone, or dead and not yet collected by its parent. */
function isDead(pid: number): boolean {
  try {
    return / Z /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'))
  } catch {
    return true
  }
}

async function until(holds: () => boolean): Promise<void> {
  for (let tries = 0; tries < 1_000; tries++) {
    if (holds()) return
    await new Promise(resolve => setTimeout(resolve, 10))
  }
  throw new Error('waited ten seconds in vain')
}
