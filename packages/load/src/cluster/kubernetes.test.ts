/** The manifest is what Kubernetes publishes that it takes: every document is held against the schema of its kind. */
import { readFileSync } from 'node:fs'
import { Ajv } from 'ajv'
import { describe, expect, it } from 'vitest'
import { parseAllDocuments } from 'yaml'
import type { KubernetesLoad } from './kubernetes.ts'
import { kubernetesManifest } from './kubernetes.ts'

interface Document {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace?: string }
  readonly spec?: unknown
  readonly data?: Readonly<Record<string, string>>
}

const schema = JSON.parse(
  readFileSync(new URL('./testing/kubernetes-1.36.schema.json', import.meta.url), 'utf8'),
) as Record<string, unknown>
const ajv = new Ajv({ strict: false, allErrors: true }).addSchema(schema, 'kubernetes')

function problemsOf(document: Document): unknown {
  const validate = ajv.getSchema(`kubernetes#/$defs/V1${document.kind}`)!
  return validate(document) ? [] : validate.errors
}

const load: KubernetesLoad = {
  name: 'checkout',
  image: 'registry.example/whetstone:1',
  natsImage: 'nats:2.11-alpine',
  workers: 3,
  url: 'http://shop.default.svc:3000/orders',
  words: ['--rate', '300', '--duration', '5m'],
  cpu: '1',
  memory: '512Mi',
  wait: '20m',
  ttlSeconds: 3600,
}
const documentsOf = (change: Partial<KubernetesLoad> = {}) =>
  parseAllDocuments(kubernetesManifest({ ...load, ...change })).map(one => one.toJS() as Document)
const scenario = {
  file: '/home/me/checkout.scenario.ts',
  text: "export default scenario('a: b', {\n  # \t'\"`${}\n})\n",
}

describe('kubernetesManifest', () => {
  it.each<[string, Partial<KubernetesLoad>]>([
    ['as it is', {}],
    ['with a scenario and a namespace', { scenario, namespace: 'load-tests' }],
    ['of one worker', { workers: 1, words: [] }],
  ])('is taken by the schemas, %s', (_name, change) => {
    for (const document of documentsOf(change)) expect(problemsOf(document)).toEqual([])
  })

  it('is held against schemas that refuse what is not there', () => {
    const [service, deployment, workers] = documentsOf() as [Document, Document, Document]
    expect(problemsOf({ ...service, spec: { ports: [{ port: '4222' }] } })).toMatchObject([
      { instancePath: '/spec/ports/0/port', keyword: 'type' },
    ])
    expect(problemsOf({ ...deployment, spec: {} })).toMatchObject([
      { keyword: 'required', params: { missingProperty: 'selector' } },
      { keyword: 'required', params: { missingProperty: 'template' } },
    ])
    expect(problemsOf({ ...workers, spec: { ...(workers.spec as object), restarts: 0 } })).toMatchObject([
      { keyword: 'additionalProperties', params: { additionalProperty: 'restarts' } },
    ])
  })

  it('gives each worker an index, and lets one die without the others', () => {
    const workers = documentsOf().find(({ metadata }) => metadata.name === 'checkout-workers')!
    expect(workers.spec).toMatchObject({
      completionMode: 'Indexed',
      completions: 3,
      parallelism: 3,
      backoffLimitPerIndex: 0,
      ttlSecondsAfterFinished: 3600,
      template: {
        spec: {
          restartPolicy: 'Never',
          containers: [
            {
              image: 'registry.example/whetstone:1',
              args: [
                ...['load', 'worker', '--nats', 'nats://checkout-nats:4222', '--nats-run', 'checkout'],
                ...['--wait', '20m', '--allow-host', 'shop.default.svc'],
              ],
              resources: { limits: { cpu: '1', memory: '512Mi' } },
              securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true },
            },
          ],
        },
      },
    })
    expect(workers.spec).not.toHaveProperty('backoffLimit')
  })

  it('controls them from a job that is never repeated', () => {
    const controller = documentsOf({ scenario }).find(({ metadata }) => metadata.name === 'checkout-controller')!
    expect(controller.spec).toMatchObject({
      backoffLimit: 0,
      template: {
        spec: {
          containers: [
            {
              args: [
                ...['load', 'http://shop.default.svc:3000/orders', '--workers', '3'],
                ...['--nats', 'nats://checkout-nats:4222', '--nats-run', 'checkout'],
                ...['--wait', '20m', '--allow-host', 'shop.default.svc', '--rate', '300', '--duration', '5m'],
                ...['--scenario', '/scenario/checkout.scenario.ts'],
              ],
            },
          ],
        },
      },
    })
  })

  it('carries a scenario to all of them as it was written', () => {
    const [map, ...rest] = documentsOf({ scenario, namespace: 'load-tests' }) as [Document, ...Document[]]
    expect(map).toMatchObject({ kind: 'ConfigMap', data: { 'checkout.scenario.ts': scenario.text } })
    expect([map, ...rest].map(({ metadata }) => metadata.namespace)).toEqual(Array(5).fill('load-tests'))
    for (const one of rest.filter(({ kind }) => kind === 'Job')) {
      expect(JSON.stringify(one.spec)).toContain('{"name":"scenario","configMap":{"name":"checkout-scenario"}}')
    }
  })

  it('says how it is used', () => {
    expect(kubernetesManifest({ ...load, namespace: 'tests' }).split('---')[0]).toMatchInlineSnapshot(`
      "# A load of 3 workers on http://shop.default.svc:3000/orders, by whetstone load k8s.
      # Start:   kubectl apply -f <this file>
      # Report:  kubectl logs -n tests -f job/checkout-controller
      # Remove:  kubectl delete -f <this file>
      # The image registry.example/whetstone:1 needs whetstone on its PATH: FROM node:22-slim, RUN npm install --global whetstone
      "
    `)
  })
})
