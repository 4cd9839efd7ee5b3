/** Code that is copied into the user's file must run there: plain JavaScript, which is TypeScript too, and alive when its cache is not. */
import { Script } from 'node:vm'
import type { AnyPractice, Finding, Outcome } from '@whetstone/model'

export function remediesOf(practice: AnyPractice, outcome: Outcome): readonly string[] {
  const found: readonly Finding[] = 'findings' in outcome ? (outcome.findings ?? []) : []
  const shown = [practice.remedy.example, ...found.flatMap(({ remedy }) => remedy.code ?? [])]
  return shown.filter(({ language }) => language === 'ts').flatMap(({ after }) => after)
}

/** Why the code could not be copied as it is; empty where it can. */
export function faultsOf(code: string): readonly string[] {
  return [...syntaxFaults(code), ...uncaughtWrites(code), ...keptPerRequest(code)]
}

/** Parsed, never run: as the body of an async function, whose modules are imported above it. */
function syntaxFaults(code: string): readonly string[] {
  const body = code.replaceAll(/^import .*$/gm, '').replaceAll(/^export /gm, '')
  try {
    void new Script(`async () => {\n${body}\n}`)
    return []
  } catch (error) {
    return [`is no JavaScript: ${(error as Error).message}`]
  }
}

/** What is set or deleted is a copy: where that fails, the answer or the commit it follows stands. */
function uncaughtWrites(code: string): readonly string[] {
  return code
    .split('\n')
    .filter(line => /\b(?:redis|client)\.(?:set|del)\(/.test(line) && !line.includes('.catch('))
    .map(line => `fails with its cache: ${line}`)
}

/** A cache made where it is used is empty for each request. */
function keptPerRequest(code: string): readonly string[] {
  return /= new (?:Map|LRUCache|Cache)\(/.test(code) && !code.includes('top of the module')
    ? ['does not say that its cache belongs at the top of the module']
    : []
}
