/** Compiles an arm to plain JavaScript once, so that the fresh processes of a trial start in a fraction of the time. */
import { mkdir, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build, type Plugin } from 'esbuild'

export interface BundledArm {
  readonly entry: string
  readonly file: string
  /** Takes the compiled files away. */
  remove(): Promise<void>
}

/** Below a `node_modules`, so that packages are found from there and git leaves it alone. */
export async function bundleArm(file: string): Promise<BundledArm> {
  const folder = fileURLToPath(new URL(`node_modules/.cache/${basename(file, '.ts')}-${process.pid}/`, import.meta.url))
  await mkdir(folder, { recursive: true })
  await build({
    entryPoints: [fileURLToPath(new URL('arm.ts', import.meta.url)), file],
    outdir: folder,
    entryNames: '[name]',
    outExtension: { '.js': '.mjs' },
    bundle: true,
    conditions: ['@whetstone/source'],
    plugins: [oursInside],
    platform: 'node',
    format: 'esm',
    target: 'node20',
    logLevel: 'error',
  })
  return {
    entry: join(folder, 'arm.mjs'),
    file: join(folder, `${basename(file, '.ts')}.mjs`),
    remove: () => rm(folder, { recursive: true, force: true }),
  }
}

/** Our own packages come from their source, so that an arm is what stands in the tree and not what was last built; those of others stay outside. */
const oursInside: Plugin = {
  name: 'ours-inside',
  setup({ onResolve }) {
    onResolve({ filter: /^[^./]/ }, ({ path, kind }) =>
      kind === 'entry-point' || path.startsWith('@whetstone/') ? undefined : { path, external: true },
    )
  },
}
