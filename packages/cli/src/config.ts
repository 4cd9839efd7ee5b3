/** `whetstone.config.ts`: everything optional, every unknown key an error with a suggestion. */
import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { practices } from '@whetstone/catalogue'
import type { PracticeSettings } from '@whetstone/loop'
import { type BudgetResult, WhetstoneError } from '@whetstone/model'
import { closestTo } from './terminal/closest.ts'

export interface WhetstoneConfig {
  readonly practices?: PracticeSettings
  readonly budgets?: Readonly<Record<string, BudgetConfig>>
}
/** Durations as text with a unit, shares as percent: `{ p95: '150ms', errors: '0.1%' }`. */
export interface BudgetConfig {
  readonly p50?: string
  readonly p95?: string
  readonly p99?: string
  readonly errors?: string
}

export interface LoadedConfig {
  readonly practices: PracticeSettings
  readonly budgets: Readonly<Record<string, Partial<Record<BudgetResult['metric'], number>>>>
}

/** Gives the config its types; returns it unchanged. */
export function defineConfig(config: WhetstoneConfig): WhetstoneConfig {
  return config
}

const names = ['whetstone.config.ts', 'whetstone.config.mts', 'whetstone.config.js', 'whetstone.config.mjs']

/** @throws WhetstoneError WHET_CONFIG naming the file, the key and the nearest known one */
export async function loadConfig(folder: string): Promise<LoadedConfig> {
  for (const name of names) {
    const file = join(folder, name)
    const there = await access(file).then(
      () => true,
      () => false,
    )
    if (there) return checked(name, await read(file, name))
  }
  return { practices: {}, budgets: {} }
}

async function read(file: string, name: string): Promise<Record<string, unknown>> {
  try {
    const { createJiti } = await import('jiti')
    return (await createJiti(import.meta.url).import<Record<string, unknown>>(file, { default: true })) ?? {}
  } catch (cause) {
    throw new WhetstoneError('WHET_CONFIG', `${name} cannot be read: ${(cause as Error).message}`, { cause })
  }
}

function checked(name: string, config: Record<string, unknown>): LoadedConfig {
  knownKeys(name, '', config, ['practices', 'budgets'])
  const ids = practices.map(practice => practice.id)
  const settings = (config['practices'] ?? {}) as Record<string, unknown>
  knownKeys(name, 'practices.', settings, ids)
  for (const [id, setting] of Object.entries(settings)) {
    if (setting === 'off') continue
    if (typeof setting !== 'object' || setting === null)
      throw new WhetstoneError('WHET_CONFIG', `${name}: practices.${id} must be 'off' or an object of thresholds`)
    knownKeys(
      name,
      `practices.${id}.`,
      setting as Record<string, unknown>,
      Object.keys(practices.find(practice => practice.id === id)?.thresholds ?? {}),
    )
  }
  const budgets: Record<string, Partial<Record<BudgetResult['metric'], number>>> = {}
  for (const [route, limits] of Object.entries((config['budgets'] ?? {}) as Record<string, Record<string, string>>)) {
    knownKeys(name, `budgets.'${route}'.`, limits, Object.keys(metrics))
    budgets[route] = Object.fromEntries(
      Object.entries(limits).map(([key, text]) => [
        metrics[key as keyof typeof metrics],
        limitOf(name, `budgets.'${route}'.${key}`, text),
      ]),
    )
  }
  return { practices: settings as PracticeSettings, budgets }
}

const metrics = { p50: 'p50Ms', p95: 'p95Ms', p99: 'p99Ms', errors: 'errorFraction' } as const

function knownKeys(
  name: string,
  path: string,
  value: Readonly<Record<string, unknown>>,
  known: readonly string[],
): void {
  for (const key of Object.keys(value)) {
    if (known.includes(key)) continue
    const near = closestTo(key, known)
    throw new WhetstoneError(
      'WHET_CONFIG',
      `${name}: ${path}${key} is not known.${near ? ` Did you mean ${near}?` : ''}`,
      { hint: `known here: ${known.join(', ')}` },
    )
  }
}

function limitOf(name: string, path: string, text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*(ms|s|%)$/.exec(text)
  if (!match)
    throw new WhetstoneError(
      'WHET_CONFIG',
      `${name}: ${path} is '${text}'; write a number with a unit, such as '150ms' or '0.1%'`,
    )
  const value = Number(match[1])
  return match[2] === 's' ? value * 1_000 : match[2] === '%' ? value / 100 : value
}
