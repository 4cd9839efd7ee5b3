import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { exitCodes, type ExitCode } from '@whetstone/model'
import ts from 'typescript'
import { describe, expect, test } from 'vitest'

const tracked = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], { encoding: 'utf8' })
  .split('\n')
  // Git still names what was deleted and not yet committed.
  .filter(file => file !== '' && existsSync(file))
const read = (file: string) => readFileSync(file, 'utf8')
const code = tracked.filter(file => /\.(ts|tsx|mts|mjs|cjs)$/.test(file) && !/\/(fixtures?|recorded)\//.test(file))
const sources = code.filter(file => /^(packages|apps)\/[^/]+\/src\//.test(file) && !file.endsWith('.test.ts'))
const offenders = (files: readonly string[], broken: (text: string, file: string) => boolean) =>
  files.filter(file => broken(read(file), file))

describe('house rules that the linter cannot see', () => {
  test('every module begins with a sentence that says what it is', () => {
    expect(offenders(sources, text => !/^(#!.*\n)?(\/\/ @.*\n)*\/\*\*/.test(text))).toEqual([])
  })

  test('pure packages take time and randomness as arguments', () => {
    const pure = sources.filter(file => /^packages\/(model|stats|catalogue)\//.test(file))
    expect(pure.filter(asksTheMachine)).toEqual([])
  })

  test('nothing is left for later, skipped or narrowed', () => {
    const marks = new RegExp(
      [
        'TO' + 'DO',
        'FIX' + 'ME',
        String.raw`\b(?:it|test|describe)\.(?:on` + String.raw`ly|sk` + String.raw`ip)\(`,
      ].join('|'),
    )
    expect(offenders(code, text => marks.test(text))).toEqual([])
  })

  test('there are no drawers', () => {
    expect(tracked.filter(file => /(^|\/)(utils?|common|helpers?|misc)(\/|\.ts$)/.test(file))).toEqual([])
  })

  test('the README names the command that CI runs', () => {
    const command = 'npm ci && npm test'
    expect(read('README.md')).toContain(command)
    expect(read('.ci/run')).toContain(`\n${command}\n`)
  })

  test('every error code is explained, and no other', () => {
    const inSource = sources.flatMap(file => read(file).match(/(?<=')WHET_[A-Z_]+(?=')/g) ?? [])
    const explained = read('docs/errors.md').match(/(?<=^\| `)WHET_[A-Z_]+/gm) ?? []
    expect(explained.toSorted()).toEqual([...new Set(inSource)].toSorted())
  })

  test('every fault of the runtime is explained, and no other', () => {
    const inSource = sources.flatMap(file => read(file).match(/(?<=')FAULT_[A-Z_]+(?=')/g) ?? [])
    const explained = read('docs/faults.md').match(/(?<=^\| `)FAULT_[A-Z_]+/gm) ?? []
    expect(explained.toSorted()).toEqual([...new Set(inSource)].toSorted())
  })

  test('the table of errors gives the exit code each is thrown with', () => {
    const inTable = new Map(
      Array.from(read('docs/errors.md').matchAll(/^\| `(WHET_[A-Z_]+)`.*\| (\d+) +\|$/gm), ([, code, exit]) => [
        code,
        Number(exit),
      ]),
    )
    const thrown = sources.filter(file => read(file).includes('WhetstoneError(')).flatMap(errorsThrown)
    expect(thrown.length).toBeGreaterThan(40)
    expect(thrown.filter(({ code, exit }) => inTable.get(code) !== exit)).toEqual([])
  })

  test('every dependency has its line of reason', () => {
    const reasons = read('docs/decisions/dependencies.md')
    const manifests = tracked.filter(file => basename(file) === 'package.json' && !/\/fixtures?\//.test(file))
    const names = manifests.flatMap(file => {
      const {
        dependencies = {},
        devDependencies = {},
        optionalDependencies = {},
      } = JSON.parse(read(file)) as Record<string, Record<string, string> | undefined>
      return Object.entries({ ...dependencies, ...devDependencies, ...optionalDependencies })
    })
    const outside = names.filter(
      ([name]) => !name.startsWith('@whetstone/') && name !== 'whetstone' && !name.startsWith('@types/'),
    )
    expect(
      [...new Set(outside.map(([name]) => name))].filter(
        name => !reasons.includes(name) && !(name.startsWith('@') && reasons.includes(`${name.split('/')[0]}/*`)),
      ),
    ).toEqual([])
    expect(outside.filter(([, version]) => !/^(?:npm:[^@]+@)?\d/.test(version))).toEqual([])
  })
})

/** Calls a clock or draws by chance itself; the code that a remedy shows to others may. */
function asksTheMachine(file: string): boolean {
  const text = read(file)
  const calls = ['Date.now', 'Math.random', 'performance.now']
  if (!calls.some(call => text.includes(`${call}(`))) return false
  const visit = (node: ts.Node): boolean =>
    (ts.isCallExpression(node) && calls.includes(node.expression.getText())) || (ts.forEachChild(node, visit) ?? false)
  return visit(ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true))
}

/** Each `new WhetstoneError('WHET_…')` of a file with its exit code; without one the error says usage. */
function errorsThrown(file: string): { readonly file: string; readonly code: string; readonly exit: ExitCode }[] {
  const found: { file: string; code: string; exit: ExitCode }[] = []
  const visit = (node: ts.Node): void => {
    const code = ts.isNewExpression(node) && node.expression.getText() === 'WhetstoneError' && node.arguments?.[0]
    if (code && ts.isStringLiteral(code)) {
      const named = /exitCode: exitCodes\.(\w+)/.exec(node.getText())?.[1] as keyof typeof exitCodes | undefined
      found.push({ file, code: code.text, exit: exitCodes[named ?? 'usage'] })
    }
    ts.forEachChild(node, visit)
  }
  visit(ts.createSourceFile(file, read(file), ts.ScriptTarget.Latest, true))
  return found
}
