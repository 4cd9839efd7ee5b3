/** The asynchronous form of Node's blocking calls, as code to paste. */

interface AsyncForm {
  /** `node:crypto` … */
  readonly module: string
  readonly importLine: string
  readonly call: string
}

const fileCalls =
  /^(access|appendFile|chmod|chown|copyFile|cp|link|lstat|mkdir|mkdtemp|open|readFile|readdir|readlink|realpath|rename|rm|rmdir|stat|symlink|truncate|unlink|utimes|writeFile)Sync$/
const zlibCalls = /^(gzip|gunzip|deflate|deflateRaw|inflate|inflateRaw|unzip|brotliCompress|brotliDecompress)Sync$/
const cryptoCalls = /^(pbkdf2|scrypt|generateKeyPair|generateKey|hkdf|generatePrime|checkPrime)Sync$/
const processCalls = /^(execFile|exec|spawn)Sync$/

/** `undefined` for a call of a package: its own documentation names the form. */
export function asyncFormOf(name: string): AsyncForm | undefined {
  const plain = name.replace(/Sync$/, '')
  if (name === 'existsSync')
    return {
      module: 'node:fs',
      importLine: `import { access } from 'node:fs/promises'`,
      call: 'await access(path).then(() => true, () => false)',
    }
  if (fileCalls.test(name))
    return { module: 'node:fs', importLine: `import { ${plain} } from 'node:fs/promises'`, call: `await ${plain}(…)` }
  if (zlibCalls.test(name)) return promisified('node:zlib', plain)
  if (cryptoCalls.test(name)) return promisified('node:crypto', plain)
  if (processCalls.test(name)) return promisified('node:child_process', plain === 'spawn' ? 'execFile' : plain)
  return undefined
}

function promisified(module: string, name: string): AsyncForm {
  return {
    module,
    importLine: `import { ${name} as ${name}Callback } from '${module}'
import { promisify } from 'node:util'

const ${name} = promisify(${name}Callback)`,
    call: `await ${name}(…)`,
  }
}
