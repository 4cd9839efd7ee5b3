/** The arrivals of a recording as the shape of a load. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { replayShape } from './replay-shape.ts'

let folder: string
let file: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'whetstone-replay-'))
  file = join(folder, 'shop.arrivals.txt')
  await writeFile(file, '0\n12.5\n12.5\r\n\n900\n')
})
afterAll(() => rm(folder, { recursive: true }))

it('is read from its file, with its speed', () => {
  expect(replayShape(`replay:${file}`)).toEqual({ kind: 'replay', atMs: [0, 12.5, 12.5, 900], speed: 1 })
  expect(replayShape(`replay:${file}@2.5x`)).toMatchObject({ speed: 2.5 })
  expect(replayShape('ramp:10..200')).toBeUndefined()
})

it('is refused with the line that is wrong', async () => {
  await writeFile(join(folder, 'falling.txt'), '0\n9\n3\n')
  await writeFile(join(folder, 'empty.txt'), '\n')
  expect(() => replayShape(`replay:${folder}/falling.txt`)).toThrow(/falling.txt:3 is '3', no time after/)
  expect(() => replayShape(`replay:${folder}/empty.txt`)).toThrow(/holds no times to replay/)
  expect(() => replayShape(`replay:${folder}/none.txt`)).toThrow(expect.objectContaining({ code: 'WHET_FILE' }))
})
