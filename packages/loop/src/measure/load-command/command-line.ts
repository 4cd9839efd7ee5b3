/** The load command as the user wrote it, made ready to run: $URL and its like filled in, a shell only where one is needed. */
import { shellCommands } from '@whetstone/load/import'
import { WhetstoneError } from '@whetstone/model'

export interface PreparedCommand {
  readonly file: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
  /** Files the command says it writes its figures to, as it names them. */
  readonly outputs: readonly string[]
  /** Paths that stand behind $URL: what is asked for, as far as the command tells. */
  readonly paths: readonly string[]
}

export interface Placeholders {
  readonly baseUrl: string
  /** A file of ours that the command may write to, `$OUT`. */
  readonly outputFile: string
}

/** Pipes, lists, redirections, substitutions and patterns; variables of ours need no shell. */
const NEEDS_SHELL = /[|&;<>()`*?[\]~\n]|\$(?!(?:URL|HOST|PORT|OUT)\b|\{(?:URL|HOST|PORT|OUT)\})/

/** Throws `WHET_LOAD_COMMAND` when it is empty or names no address. */
export function prepareCommand(text: string, { baseUrl, outputFile }: Placeholders): PreparedCommand {
  const { hostname, port, protocol } = new URL(baseUrl)
  const env = {
    URL: baseUrl,
    HOST: hostname.replace(/^\[|\]$/g, ''),
    PORT: port || (protocol === 'https:' ? '443' : '80'),
    OUT: outputFile,
  }
  const unquoted = text.replace(/'[^']*'|"(?:\\.|[^"\\])*"/g, part => part.replace(/[^$\w{}]/g, ''))
  const words = shellCommands(text)[0]?.words ?? []
  if (words.length === 0) {
    throw new WhetstoneError('WHET_LOAD_COMMAND', 'the load command is empty', {
      hint: "--load 'wrk -d 20s --latency $URL/orders'",
    })
  }
  if (!/\$\{?(?:URL|HOST|PORT)\b/.test(text) && !text.includes(new URL(baseUrl).host)) {
    throw new WhetstoneError('WHET_LOAD_COMMAND', `the load command does not say where to send: '${text}'`, {
      hint: `$URL stands for the address of the service: --load '${words[0]} … $URL/'`,
    })
  }
  const filled = (word: string): string =>
    word.replace(
      /\$(?:\{(URL|HOST|PORT|OUT)\}|(URL|HOST|PORT|OUT)\b)/g,
      (_, braced: string | undefined, plain: string) => env[(braced ?? plain) as keyof typeof env],
    )
  const all = words.map(filled)
  const shell = NEEDS_SHELL.test(unquoted)
  return {
    ...(shell ? { file: 'sh', args: ['-c', text] } : { file: all[0]!, args: all.slice(1) }),
    env,
    outputs: outputsOf(all, outputFile),
    paths: all
      .flatMap(word => (word.startsWith(baseUrl) ? [word.slice(baseUrl.length) || '/'] : []))
      .filter(path => path.startsWith('/')),
  }
}

/** `--out json=file` and `--summary-export=file` of k6, `-l file` of JMeter, and ours. */
function outputsOf(words: readonly string[], outputFile: string): string[] {
  const found = words.flatMap((word, index) => {
    const [, attached] = /^--?(?:out|o|summary-export)=(.+)$/.exec(word) ?? []
    const given = attached ?? (/^(?:--out|-o|--summary-export|-l)$/.test(word) ? words[index + 1] : undefined)
    return given === undefined ? [] : [given.replace(/^json=/, '')]
  })
  return [...new Set([outputFile, ...found])].filter(name => !/^(https?|influxdb|cloud)\b/.test(name))
}
