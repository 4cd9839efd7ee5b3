/** `npm run build`: what would be published, and nothing left of a file that is gone. */
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { transformSync } from 'esbuild'

const root = dirname(fileURLToPath(import.meta.url))
const folders = [...readdirSync(join(root, 'packages')).map(name => `packages/${name}`), 'apps/shop']

for (const folder of folders) removeOutputsWithoutSource(join(root, folder))
run('node_modules/typescript/bin/tsc', ['-b', 'tsconfig.build.json'])
for (const folder of folders) removeComments(join(root, folder, 'dist'))
run(join(root, 'node_modules/vite/bin/vite.js'), ['build'], { cwd: join(root, 'packages/dashboard') })
writeCatalogueRows()

/** `tsc -b` forgets what it once wrote: a renamed module would be published under both names. */
function removeOutputsWithoutSource(folder) {
  const dist = join(folder, 'dist')
  if (!existsSync(dist)) return
  for (const entry of readdirSync(dist, { recursive: true, encoding: 'utf8' })) {
    const module = /^(.*?)(?:\.d\.ts|\.js|\.js\.map)$/.exec(entry)?.[1]
    if (module !== undefined && !existsSync(join(folder, 'src', `${module}.ts`))) rmSync(join(dist, entry))
  }
}

/** A quarter of what would be published are comments; who reads them reads the sources, and who calls reads the declarations. */
function removeComments(dist) {
  for (const entry of readdirSync(dist, { recursive: true, encoding: 'utf8' })) {
    if (!entry.endsWith('.js')) continue
    const file = join(dist, entry)
    const code = readFileSync(file, 'utf8')
    const bare = transformSync(code, { format: 'esm', target: 'es2022', legalComments: 'none' }).code
    if (bare !== code) writeFileSync(file, bare)
  }
}

/** Pages and results of experiments stay in the repository; what they prove goes with the package. */
function writeCatalogueRows() {
  const file = join(root, 'packages/cli/dist/catalogue-rows.json')
  rmSync(file, { force: true })
  const module = join(root, 'packages/cli/dist/catalogue-rows.js')
  const program = `import(${JSON.stringify(module)}).then(({ catalogueRows }) => process.stdout.write(JSON.stringify(catalogueRows())))`
  const rows = run('-e', [program], { stdout: 'pipe' })
  writeFileSync(file, `${rows}\n`)
}

function run(program, args, { cwd = root, stdout = 'inherit' } = {}) {
  const stdio = ['ignore', stdout, 'inherit']
  const result = spawnSync(process.execPath, [program, ...args], { cwd, stdio, encoding: 'utf8' })
  if (result.status !== 0) process.exit(result.status ?? 1)
  return result.stdout
}
