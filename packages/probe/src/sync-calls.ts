/** Calls that stop the whole process while a request is being served: `*Sync` of file system, crypto, zlib and child processes. */
import childProcess from 'node:child_process'
import crypto from 'node:crypto'
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import zlib from 'node:zlib'
import { captureCallSite } from './call-site.ts'
import { now } from './clock.ts'
import { currentRequest } from './context.ts'
import { failed } from './guard.ts'
import { level, SQL } from './level.ts'

/** Left out: those on an open descriptor (loggers write by them) and `existsSync`, whose cost is not worth a finding. */
const names: readonly (readonly [module: object, name: string, functions: readonly string[]])[] = [
  [
    fs,
    'fs',
    [
      'readFileSync',
      'writeFileSync',
      'appendFileSync',
      'statSync',
      'readdirSync',
      'copyFileSync',
      'mkdirSync',
      'rmSync',
      'unlinkSync',
      'renameSync',
      'realpathSync',
    ],
  ],
  [crypto, 'crypto', ['pbkdf2Sync', 'scryptSync', 'generateKeyPairSync', 'hkdfSync']],
  [
    zlib,
    'zlib',
    [
      'gzipSync',
      'gunzipSync',
      'deflateSync',
      'inflateSync',
      'deflateRawSync',
      'inflateRawSync',
      'brotliCompressSync',
      'brotliDecompressSync',
    ],
  ],
  [childProcess, 'child_process', ['execSync', 'execFileSync', 'spawnSync']],
]

type Blocking = (this: unknown, ...args: unknown[]) => unknown
let depth = 0

export function hookSyncCalls(): void {
  for (const [module, moduleName, functions] of names)
    for (const name of functions) hook(module as Record<string, Blocking>, `${moduleName}.${name}`, name)
  // Named imports of built-in modules are copies.
  syncBuiltinESMExports()
}

function hook(module: Record<string, Blocking>, fullName: string, name: string): void {
  const original = module[name]
  if (typeof original !== 'function') return
  const blocking: Blocking = function (this: unknown, ...args) {
    if (level < SQL || depth > 0) return Reflect.apply(original, this, args)
    const record = currentRequest()
    if (record === undefined || record.isFinished) return Reflect.apply(original, this, args)
    const startedAt = now()
    depth++
    try {
      return Reflect.apply(original, this, args)
    } finally {
      depth--
      try {
        const durationMs = now() - startedAt
        record.addSyncCall(fullName, durationMs, () => captureCallSite(blocking, record).site)
      } catch (error) {
        failed(error)
      }
    }
  }
  // `length`, `name` and what hangs on the function (`realpathSync.native`) stay as they were.
  module[name] = Object.defineProperties(blocking, Object.getOwnPropertyDescriptors(original))
}
