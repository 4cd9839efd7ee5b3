/** Tells when a CommonJS file of a known package was loaded, from require and from import alike; the module itself is not replaced. */
import Module from 'node:module'
import { failed } from './guard.ts'

export interface ModuleHook {
  /** Matches the end of the file's path, with forward slashes. */
  readonly file: RegExp
  patch(exports: unknown, path: string): void
}

interface LoadableModule {
  load(this: NodeJS.Module, filename: string): void
}

export function hookModules(hooks: readonly ModuleHook[]): void {
  const prototype = Module.prototype as unknown as LoadableModule
  const original = prototype.load
  prototype.load = function load(filename: string): void {
    original.call(this, filename)
    if (filename.includes('node_modules')) patchLoaded(hooks, filename, this.exports)
  }
  for (const [filename, module] of Object.entries(Module.createRequire(import.meta.url).cache))
    if (module?.loaded) patchLoaded(hooks, filename, module.exports)
}

function patchLoaded(hooks: readonly ModuleHook[], filename: string, exports: unknown): void {
  try {
    const path = filename.replaceAll('\\', '/')
    for (const hook of hooks) if (hook.file.test(path)) hook.patch(exports, path)
  } catch (error) {
    failed(error)
  }
}
