/** The manifest of a load that runs in Kubernetes: NATS, an Indexed Job of workers, and a Job that controls them. */
import { basename } from 'node:path'
import { stringify } from 'yaml'

export interface KubernetesLoad {
  /** Of everything in it, and the run that the workers join: lower-case letters, digits and `-`. */
  readonly name: string
  readonly namespace?: string
  /** Has `whetstone` on its PATH. */
  readonly image: string
  /** Has `nc` beside the server. */
  readonly natsImage: string
  readonly workers: number
  /** As seen from the cluster. */
  readonly url: string
  /** Words of `whetstone load` for the controller, behind the URL: rate, duration, routes, limits. */
  readonly words: readonly string[]
  readonly scenario?: { readonly file: string; readonly text: string }
  /** Kubernetes quantities, of each worker. */
  readonly cpu: string
  readonly memory: string
  /** How long workers and controller wait for one another, as `15m`: images are pulled and nodes are added meanwhile. */
  readonly wait: string
  /** Until finished jobs are removed. */
  readonly ttlSeconds: number
}

const NATS_PORT = 4222
/** The `node` user of the official images. */
const USER = 1000
const WORK_FOLDER = '/work'
const SCENARIO_FOLDER = '/scenario'

type Manifest = Readonly<Record<string, unknown>>

/** YAML documents, ready for `kubectl apply`. */
export function kubernetesManifest(load: KubernetesLoad): string {
  const manifests = [
    ...(load.scenario === undefined ? [] : [scenarioMap(load, load.scenario)]),
    natsService(load),
    natsDeployment(load),
    workerJob(load),
    controllerJob(load),
  ]
  const { name, namespace, image } = load
  const place = namespace === undefined ? '' : ` -n ${namespace}`
  const header = [
    `# A load of ${load.workers} workers on ${load.url}, by whetstone load k8s.`,
    `# Start:   kubectl apply -f <this file>`,
    `# Report:  kubectl logs${place} -f job/${name}-controller`,
    `# Remove:  kubectl delete -f <this file>`,
    `# The image ${image} needs whetstone on its PATH: FROM node:22-slim, RUN npm install --global whetstone`,
  ]
  return `${header.join('\n')}\n${manifests.map(manifest => `---\n${stringify(manifest, { lineWidth: 0 })}`).join('')}`
}

function scenarioMap(load: KubernetesLoad, { file, text }: { readonly file: string; readonly text: string }): Manifest {
  const metadata = metadataOf(load, 'scenario')
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { [basename(file)]: text } }
}

function natsService(load: KubernetesLoad): Manifest {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: metadataOf(load, 'nats'),
    spec: { selector: labelsOf(load, 'nats'), ports: [{ name: 'client', port: NATS_PORT, targetPort: 'client' }] },
  }
}

function natsDeployment(load: KubernetesLoad): Manifest {
  const nats = {
    name: 'nats',
    image: load.natsImage,
    args: ['--addr', '0.0.0.0', '--port', String(NATS_PORT)],
    ports: [{ name: 'client', containerPort: NATS_PORT }],
    readinessProbe: { tcpSocket: { port: 'client' }, periodSeconds: 2 },
    resources: resources('250m', '128Mi'),
    securityContext: unprivileged,
  }
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: metadataOf(load, 'nats'),
    spec: {
      replicas: 1,
      selector: { matchLabels: labelsOf(load, 'nats') },
      template: {
        metadata: { labels: labelsOf(load, 'nats') },
        spec: { automountServiceAccountToken: false, securityContext: podSecurity, containers: [nats] },
      },
    },
  }
}

function workerJob(load: KubernetesLoad): Manifest {
  const words = ['load', 'worker', ...busWords(load), '--allow-host', hostOf(load)]
  return job(
    load,
    'workers',
    {
      // Each pod is told its index, JOB_COMPLETION_INDEX, which is its share.
      completionMode: 'Indexed',
      completions: load.workers,
      parallelism: load.workers,
      // Not backoffLimit 0: with that, one pod that dies would take all others with it, and their shares.
      backoffLimitPerIndex: 0,
    },
    {
      containers: [whetstone(load, words)],
      topologySpreadConstraints: [
        {
          maxSkew: 1,
          topologyKey: 'kubernetes.io/hostname',
          whenUnsatisfiable: 'ScheduleAnyway',
          labelSelector: { matchLabels: labelsOf(load, 'workers') },
        },
      ],
    },
  )
}

function controllerJob(load: KubernetesLoad): Manifest {
  const scenario =
    load.scenario === undefined ? [] : ['--scenario', `${SCENARIO_FOLDER}/${basename(load.scenario.file)}`]
  const words = [
    ...['load', load.url, '--workers', String(load.workers), ...busWords(load), '--allow-host', hostOf(load)],
    ...load.words,
    ...scenario,
  ]
  const untilNatsAnswers = {
    name: 'wait-for-nats',
    image: load.natsImage,
    command: ['sh', '-c', `until nc -z ${load.name}-nats ${NATS_PORT}; do sleep 1; done`],
    resources: resources('50m', '32Mi'),
    securityContext: unprivileged,
  }
  // A second attempt would load the service again.
  return job(
    load,
    'controller',
    { backoffLimit: 0 },
    {
      initContainers: [untilNatsAnswers],
      containers: [whetstone(load, words)],
    },
  )
}

function job(load: KubernetesLoad, part: string, spec: Manifest, pod: Manifest): Manifest {
  const volumes = [
    { name: 'work', emptyDir: {} },
    ...(load.scenario === undefined ? [] : [{ name: 'scenario', configMap: { name: `${load.name}-scenario` } }]),
  ]
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: metadataOf(load, part),
    spec: {
      ...spec,
      ttlSecondsAfterFinished: load.ttlSeconds,
      template: {
        metadata: { labels: labelsOf(load, part) },
        spec: {
          restartPolicy: 'Never',
          automountServiceAccountToken: false,
          securityContext: podSecurity,
          ...pod,
          volumes,
        },
      },
    },
  }
}

function whetstone(load: KubernetesLoad, args: readonly string[]): Manifest {
  return {
    name: 'whetstone',
    image: load.image,
    command: ['whetstone'],
    args,
    workingDir: WORK_FOLDER,
    env: [{ name: 'HOME', value: WORK_FOLDER }],
    volumeMounts: [
      { name: 'work', mountPath: WORK_FOLDER },
      ...(load.scenario === undefined ? [] : [{ name: 'scenario', mountPath: SCENARIO_FOLDER, readOnly: true }]),
    ],
    resources: resources(load.cpu, load.memory),
    securityContext: unprivileged,
  }
}

function busWords({ name, wait }: KubernetesLoad): string[] {
  return ['--nats', `nats://${name}-nats:${NATS_PORT}`, '--nats-run', name, '--wait', wait]
}

function hostOf({ url }: KubernetesLoad): string {
  return new URL(url).hostname
}

function metadataOf(load: KubernetesLoad, part: string): Manifest {
  const { name, namespace } = load
  return { name: `${name}-${part}`, ...(namespace === undefined ? {} : { namespace }), labels: labelsOf(load, part) }
}

function labelsOf({ name }: KubernetesLoad, part: string): Manifest {
  return {
    'app.kubernetes.io/name': 'whetstone-load',
    'app.kubernetes.io/instance': name,
    'app.kubernetes.io/component': part,
  }
}

/** What is asked for is what is allowed: a generator that is throttled measures its own throttling. */
function resources(cpu: string, memory: string): Manifest {
  return { requests: { cpu, memory }, limits: { cpu, memory } }
}

const podSecurity: Manifest = {
  runAsNonRoot: true,
  runAsUser: USER,
  fsGroup: USER,
  seccompProfile: { type: 'RuntimeDefault' },
}
const unprivileged: Manifest = {
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  capabilities: { drop: ['ALL'] },
}
