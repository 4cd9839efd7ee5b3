/** A TypeScript entry made runnable by plain Node: bundled once into a cache named by its content, because the service under test must not pay for a TypeScript loader. Published packages are compiled already and pass through. */
import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, rename, writeFile, access } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

/** @param entry absolute path; a `.js` path is returned as it is */
export async function compiledEntry(entry: string): Promise<string> {
  if (!entry.endsWith('.ts')) return entry
  const packageFolder = await nearestPackage(dirname(entry))
  const hash = createHash('sha256')
  for (const file of await sources(join(packageFolder, 'src'))) hash.update(file).update(await readFile(file))
  // Inside its package: bare imports resolve as from the source, and its frames count as the application's own.
  const folder = join(packageFolder, '.cache', hash.digest('hex').slice(0, 16))
  const output = join(folder, `${basename(entry, '.ts')}.mjs`)
  if (await exists(output)) return output
  const { build } = await import('esbuild')
  const result = await build({
    entryPoints: [entry],
    outfile: output,
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    sourcemap: 'linked',
    packages: 'external',
    conditions: ['@whetstone/source'],
  })
  await mkdir(folder, { recursive: true })
  for (const file of result.outputFiles.toReversed()) {
    const draft = `${file.path}.${process.pid}`
    await writeFile(draft, file.contents)
    await rename(draft, file.path)
  }
  return output
}

async function sources(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries
    .filter(entry => entry.isFile() && entry.name.endsWith('.ts'))
    .map(entry => join(entry.parentPath, entry.name))
    .toSorted()
}

async function nearestPackage(folder: string): Promise<string> {
  return (await exists(join(folder, 'package.json'))) || dirname(folder) === folder
    ? folder
    : nearestPackage(dirname(folder))
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
