/** A real nginx on a loopback port with a configuration of yours: unprivileged, its files in a folder that leaves with it. */
import { request } from 'node:http'
import { findTool } from './find-tool.ts'
import { startOnFreePort } from './start-on-free-port.ts'
import type { NotAvailable } from './tool.ts'

export interface NginxOptions {
  /**
   * What stands in `http { … }`: upstreams, cache zones, servers. A server listens on `127.0.0.1:${port}`; what it keeps on disk (a cache, a
   * log) goes below `folder`, which is nginx's own and goes with it.
   */
  readonly http: (port: number, folder: string) => string
  /** Worker processes. Default 1. */
  readonly workers?: number
}

export interface NginxServer {
  readonly kind: 'nginx'
  readonly url: string
  readonly port: number
  /** Where its files lie: what the configuration was given as `folder`. */
  readonly folder: string
  readonly stop: () => Promise<void>
}

export async function startNginx(
  options: NginxOptions,
  env: NodeJS.ProcessEnv = process.env,
): Promise<NginxServer | NotAvailable> {
  const tool = await findTool('nginx', env)
  if (tool.kind !== 'binary') return tool
  let folder = ''
  const { port, stop } = await startOnFreePort(
    tool,
    {
      name: 'nginx',
      failureCode: 'WHET_SANDBOX_NGINX',
      refusesRoot: true,
      // `-e`: before it has read a configuration it would write to a log of the system's.
      args: (_, own) => ['-e', 'stderr', '-p', own, '-c', `${own}/nginx.conf`],
      files(onPort, own) {
        folder = own
        return { 'nginx.conf': configuration(options, onPort, own) }
      },
      // The socket lies in a folder that nobody else has, and is answered when every port of the configuration is bound.
      isOurs: async () => (await askSocket(`${folder}/${readySocket}`)) === 204,
    },
    env,
  )
  return { kind: 'nginx', url: `http://127.0.0.1:${port}`, port, folder, stop }
}

const readySocket = 'ready.sock'

function configuration({ http, workers = 1 }: NginxOptions, port: number, folder: string): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  return [
    'daemon off;',
    `worker_processes ${workers};`,
    `pid ${folder}/nginx.pid;`,
    'error_log stderr warn;',
    'events { worker_connections 1024; }',
    'http {',
    'access_log off;',
    ...temporary.map(name => `${name}_temp_path ${folder}/${name};`),
    `server { listen unix:${folder}/${readySocket}; return 204; }`,
    http(port, folder),
    '}',
    '',
  ].join('\n')
}

async function askSocket(socketPath: string): Promise<number | undefined> {
  return await new Promise((resolve, reject) => {
    const asked = request({ socketPath, agent: false, timeout: 1000 }, response => {
      response.resume()
      resolve(response.statusCode)
    })
    asked.on('timeout', () => asked.destroy(new Error('no answer within 1 s')))
    asked.on('error', reject)
    asked.end()
  })
}
