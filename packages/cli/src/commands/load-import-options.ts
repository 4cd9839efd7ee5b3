/** The flags of `whetstone load import`, apart from the parsers, which `--help` need not read. */
import type { ImportFormat } from '@whetstone/load/import'
import { type Command, Option } from 'commander'

const importFormats: readonly ImportFormat[] = ['curl', 'har', 'openapi', 'postman', 'access-log', 'otlp']

export interface LoadImportOptions {
  readonly format?: ImportFormat
  readonly output?: string
  readonly baseUrl?: string
  readonly onBad: 'skip' | 'refuse'
  readonly keepSecrets?: boolean
  readonly writes?: boolean
  readonly assets?: boolean
  readonly arrivals?: boolean
  readonly force?: boolean
  readonly json?: boolean
}

export function addLoadImportOptions(command: Command): Command {
  return command
    .description(
      'a scenario file from a HAR, an OpenAPI document, a log, traces … or a curl command: load import shop.har',
    )
    .argument('<source>', "a file, '-' for standard input, or 'curl …'")
    .addOption(new Option('--format <format>', 'default: told from the content').choices(importFormats))
    .option('--output <file>', 'default: named after the source, in this folder')
    .option('--base-url <url>', 'where to send it (default: the recorded address, or http://127.0.0.1:3000)')
    .addOption(
      new Option('--on-bad <what>', 'lines or entries that cannot be read: skip and count them, or refuse the file')
        .choices(['skip', 'refuse'])
        .default('skip'),
    )
    .option('--keep-secrets', 'write tokens, passwords and cookies into the file')
    .option('--writes', 'take requests that may change data: POST, PUT, PATCH, DELETE')
    .option('--assets', 'take pictures, styles, scripts and fonts of a HAR')
    .option('--arrivals', 'also write when each request came, to replay it')
    .option('--force', 'write over files that are there')
    .option('--json', 'what was done as one JSON object on stdout')
}
