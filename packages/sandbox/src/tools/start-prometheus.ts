/** A real Prometheus on a loopback port that scrapes nothing and takes what is written to it; it leaves with us. */
import { findTool } from './find-tool.ts'
import { startOnFreePort } from './start-on-free-port.ts'
import type { NotAvailable } from './tool.ts'

export interface PrometheusServer {
  readonly kind: 'prometheus'
  readonly url: string
  readonly stop: () => Promise<void>
}

export async function startPrometheus(env: NodeJS.ProcessEnv = process.env): Promise<PrometheusServer | NotAvailable> {
  const tool = await findTool('prometheus', env)
  if (tool.kind !== 'binary') return tool
  // Its API says no process number, so it is known by its folder that nobody else has.
  let data = ''
  const { port, stop } = await startOnFreePort(
    tool,
    {
      name: 'Prometheus',
      failureCode: 'WHET_SANDBOX_PROMETHEUS',
      args: (onPort, folder) => {
        data = `${folder}/data`
        return [
          // An empty configuration: there is nothing to scrape.
          '--config.file=/dev/null',
          `--storage.tsdb.path=${data}`,
          `--web.listen-address=127.0.0.1:${onPort}`,
          '--web.enable-remote-write-receiver',
          '--log.level=warn',
        ]
      },
      isOurs: async onPort => {
        const url = `http://127.0.0.1:${onPort}`
        // It answers flags before it takes samples.
        const [ready, flags] = await Promise.all([ask(`${url}/-/ready`), ask(`${url}/api/v1/status/flags`)])
        return ready.ok && (await flags.text()).includes(JSON.stringify(data))
      },
    },
    env,
  )
  return { kind: 'prometheus', url: `http://127.0.0.1:${port}`, stop }
}

async function ask(url: string): Promise<Response> {
  return await fetch(url, { signal: AbortSignal.timeout(1000) })
}
