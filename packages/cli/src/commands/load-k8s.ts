/** `whetstone load k8s`: writes what Kubernetes needs to run a load from several nodes; it starts nothing. */
import { readFile, writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { kubernetesManifest, kubernetesQuantity, parseThreshold } from '@whetstone/load'
import { WhetstoneError } from '@whetstone/model'
import type { CommandContext } from '../context.ts'
import type { LoadK8sOptions } from './load-cluster-options.ts'
import { defaultConnections } from './load-options.ts'

/** Names of its parts are longer by `-controller`, and a label ends at 63 characters. */
const longestName = 50
const largestScenarioBytes = 1_000_000
/** As typed. Kubernetes counts CPUs in thousandths, and less memory does not even start Node. */
const cpuBounds = { least: '1m', most: '1k', usual: "'500m' or '2'" }
const memoryBounds = { least: '64Mi', most: '16Ti', usual: "'512Mi' or '2Gi'" }

/** @throws WhetstoneError WHET_FLAG, WHET_FILE, WHET_URL, WHET_LOAD_THRESHOLD */
export async function loadK8sCommand(url: string, options: LoadK8sOptions, context: CommandContext): Promise<void> {
  const { terminal, workingDirectory } = context
  assertName('--name', options.name)
  if (options.namespace !== undefined) assertName('--namespace', options.namespace)
  assertQuantity('--cpu', options.cpu, cpuBounds)
  assertQuantity('--memory', options.memory, memoryBounds)
  if (!/^https?:\/\//.test(url) || !URL.canParse(url)) {
    throw new WhetstoneError('WHET_URL', `'${url}' is not the URL of a service`, {
      hint: 'such as http://shop.default.svc:3000',
    })
  }
  // Better refused here than in the cluster.
  options.threshold.forEach(parseThreshold)
  const text = kubernetesManifest({
    name: options.name,
    ...(options.namespace === undefined ? {} : { namespace: options.namespace }),
    image: options.image,
    natsImage: options.natsImage,
    workers: options.workers,
    url,
    words: wordsOf(options),
    ...(options.scenario === undefined ? {} : { scenario: await scenarioOf(options.scenario, workingDirectory) }),
    cpu: options.cpu,
    memory: options.memory,
    wait: options.wait,
    ttlSeconds: options.ttl,
  })
  // Not through the terminal, which masks what looks like a secret: this is a file.
  if (options.output === undefined) return void process.stdout.write(text)
  const output = resolve(workingDirectory, options.output)
  await writeFile(output, text).catch(cause => {
    throw new WhetstoneError('WHET_FILE', `${output} cannot be written: ${(cause as Error).message}`, { cause })
  })
  terminal.progress(`  ${options.output} is written: kubectl apply -f ${options.output}`)
}

function wordsOf({ rate, duration, warmUp, route, threshold, workers }: LoadK8sOptions): string[] {
  return [
    // Each worker needs one of its own.
    ...(workers > defaultConnections ? ['--connections', String(workers)] : []),
    ...['--rate', String(rate), '--max-rate', String(Math.ceil(rate)), '--duration', duration, '--warm-up', warmUp],
    ...route.flatMap(one => ['--route', one]),
    ...threshold.flatMap(one => ['--threshold', one]),
  ]
}

async function scenarioOf(file: string, folder: string): Promise<{ readonly file: string; readonly text: string }> {
  const path = resolve(folder, file)
  const text = await readFile(path, 'utf8').catch(cause => {
    throw new WhetstoneError('WHET_FILE', `${file} cannot be read: ${(cause as Error).message}`, { cause })
  })
  if (Buffer.byteLength(text) > largestScenarioBytes) {
    throw new WhetstoneError('WHET_FILE', `${file} is larger than a ConfigMap holds`, {
      hint: 'put it into an image of yours, and name that with --image',
    })
  }
  return { file: path, text }
}

function assertQuantity(flag: string, text: string, { least, most, usual }: typeof cpuBounds): void {
  const value = kubernetesQuantity(text)
  if (value === undefined)
    throw new WhetstoneError('WHET_FLAG', `${flag} is '${text}', which is no Kubernetes quantity`, {
      hint: `write ${usual}`,
    })
  if (value >= kubernetesQuantity(least)! && value <= kubernetesQuantity(most)!) return
  // Of memory, 512m is half a byte.
  const isMilli = text.endsWith('m') && flag === '--memory'
  throw new WhetstoneError('WHET_FLAG', `${flag} is '${text}'; it must lie between ${least} and ${most}`, {
    hint: isMilli ? `m is a thousandth of a byte; write ${text}`.replace(/m$/, 'Mi') : `write ${usual}`,
  })
}

function assertName(flag: string, name: string): void {
  if (name.length <= longestName && /^[a-z]([a-z0-9-]*[a-z0-9])?$/.test(name)) return
  throw new WhetstoneError(
    'WHET_FLAG',
    `${flag} is '${name}'; write lower-case letters, digits and -, at most ${longestName}`,
  )
}
