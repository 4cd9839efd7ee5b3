/** Finds a program the sandbox needs: yours, the one on the PATH, or Debian's, unpacked into the cache without root. */
import { accessSync, constants, statSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { thisHost } from '../cache/host.ts'
import { fetchTool } from './fetch-tool.ts'
import { toolRecipes } from './tool.ts'
import type { NotAvailable, ToolBinary, ToolName, ToolRecipe } from './tool.ts'

/** Daemons live here on Debian, where an ordinary user's PATH does not look. */
const daemonFolders = ['/usr/local/sbin', '/usr/sbin']

/** A first fetch takes seconds (Chromium: about a minute); `WHETSTONE_OFFLINE=1` forbids it. */
export async function findTool(
  name: ToolName,
  env: NodeJS.ProcessEnv = process.env,
): Promise<ToolBinary | NotAvailable> {
  const recipe: ToolRecipe = toolRecipes[name]
  const notAvailable = (tried: string): NotAvailable => ({
    kind: 'not-available',
    name,
    reason: `needs ${name}: ${tried}`,
  })
  const own = env[recipe.variable]
  if (own) {
    if (isProgram(own)) return { kind: 'binary', name, path: own, env: {}, source: 'variable' }
    return notAvailable(`${recipe.variable}=${own} is no program we may run`)
  }
  const onPath = findOnPath(recipe.commands, env)
  if (onPath) return { kind: 'binary', name, path: onPath, env: {}, source: 'path' }
  const nowhere = `no ${recipe.commands.join(' or ')} on the PATH`
  const aptGet = findOnPath(['apt-get'], env)
  if (!aptGet || !findOnPath(['dpkg'], env)) return notAvailable(`${nowhere}, and no apt-get to fetch it`)
  const fetched = await fetchTool(thisHost(env), aptGet, recipe, env['WHETSTONE_OFFLINE'] === '1')
  if (fetched.kind === 'failed') return notAvailable(`${nowhere}, and ${fetched.why}`)
  return { kind: 'binary', name, path: fetched.path, env: fetched.env, source: 'apt' }
}

function findOnPath(commands: readonly string[], env: NodeJS.ProcessEnv): string | undefined {
  const folders = [...(env['PATH'] ?? '').split(delimiter).filter(Boolean), ...daemonFolders]
  return commands.flatMap(command => folders.map(folder => join(folder, command))).find(isProgram)
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}
