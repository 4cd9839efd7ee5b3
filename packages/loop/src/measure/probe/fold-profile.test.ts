import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { ProbeHello } from '@whetstone/model'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { foldProfile } from './fold-profile.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'fold-profile-'))
  // As tsc writes it: line 1 is line 5 of the source, line 2 is indented and mapped from its first word on, line 3 is nobody's.
  writeFileSync(
    join(folder, 'service.js'),
    'function work() {\n    sum()\n//\n}\n//# sourceMappingURL=service.js.map\n',
  )
  writeFileSync(
    join(folder, 'service.js.map'),
    JSON.stringify({ version: 3, sources: ['service.ts'], names: [], mappings: 'AAIA;IACA;;AACA' }),
  )
  writeFileSync(join(folder, 'service.ts'), '\n\n\n\nfunction work() {\n  sum()\n}\n')
  writeFileSync(join(folder, 'plain.js'), 'function work() {\n  sum()\n}\n')
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function fold(file: string, ticks: readonly (readonly [line: number, ticks: number])[]) {
  const hello = { pid: 1, entry: join(folder, file) } as ProbeHello
  const profile = {
    nodes: [
      {
        id: 1,
        callFrame: {
          functionName: 'work',
          url: pathToFileURL(join(folder, file)).href,
          lineNumber: 0,
          columnNumber: 0,
        },
        hitCount: 9,
        positionTicks: ticks.map(([line, count]) => ({ line, ticks: count })),
      },
    ],
  }
  return foldProfile(hello, {
    kind: 'cpu-profile',
    startedAtMs: 0,
    durationMs: 100,
    requests: 1,
    profile: JSON.stringify(profile),
  })?.nodes[0]
}

test('the hottest lines of build output are told as lines of the source', () => {
  expect(
    fold('service.js', [
      [2, 7],
      [1, 1],
      [3, 1],
    ]),
  ).toMatchObject({
    file: join(folder, 'service.ts'),
    line: 5,
    owner: 'application',
    lines: [
      [6, 7],
      [5, 1],
    ],
  })
})

test('what runs as it was written keeps its lines', () => {
  expect(fold('plain.js', [[2, 9]])).toMatchObject({ file: join(folder, 'plain.js'), line: 1, lines: [[2, 9]] })
})
