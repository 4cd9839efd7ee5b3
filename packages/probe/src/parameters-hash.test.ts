import { expect, it } from 'vitest'
import { joinHashes, parametersHash } from './parameters-hash.ts'

it('tells keys apart that are sent as parameter and as literal at once', () => {
  const hashes = [3, 14, 33].map(key => joinHashes(parametersHash([key]), parametersHash([key])))
  expect(new Set(hashes).size).toBe(3)
})
