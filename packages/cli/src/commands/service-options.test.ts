import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ServiceOptions, workloadInput } from './service-options.ts'

const options: ServiceOptions = { warmUp: 0, seed: 1, route: [], request: [], header: [], ids: [] }
let folder: string
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), 'whetstone-options-'))))
afterAll(() => rm(folder, { recursive: true, force: true }))

describe('--ids', () => {
  it('reads a file whose name holds an equals sign', async () => {
    const file = join(folder, 'a=b.txt')
    await writeFile(file, '1\n\n2\r\n3')
    expect((await workloadInput({ ...options, ids: [`orders=${file}`] })).ids).toEqual({ orders: ['1', '2', '3'] })
  })

  it.each(['orders', 'orders=', '=ids.txt', ''])('refuses %j', async pair => {
    await expect(workloadInput({ ...options, ids: [pair] })).rejects.toMatchObject({
      code: 'WHET_FLAG',
      message: expect.stringContaining('write name=file') as string,
    })
  })
})
