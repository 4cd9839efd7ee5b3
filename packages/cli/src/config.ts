/** `whetstone.config.ts`: everything optional, every unknown key an error with a suggestion. */
import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { practices } from '@whetstone/catalogue'
import { parseThreshold } from '@whetstone/load'
import type { PracticeSettings } from '@whetstone/loop'
import { type AnswersEvidence, type BudgetResult, type LoadThreshold, WhetstoneError } from '@whetstone/model'
import { closestTo, durationMs } from '@whetstone/model'
import { type AnswersConfig, checkedAnswers } from './config-answers.ts'
import { notAScenario, type ScenariosConfig } from './config-scenarios.ts'

export interface WhetstoneConfig {
  readonly practices?: PracticeSettings
  readonly budgets?: Readonly<Record<string, BudgetConfig>>
  readonly answers?: AnswersConfig
  readonly costs?: CostConfig
  /** Limits of every load test whose command line gives none: `['p95 < 300ms', 'errors < 0.1%']`. */
  readonly thresholds?: readonly string[]
  /** Load tests by name, each made by `scenario({ … })` of `@whetstone/load`. */
  readonly scenarios?: ScenariosConfig
}
/** What resources cost, in a currency of your own: the cost and the energy of a million requests are told from it. */
export interface CostConfig {
  readonly perCoreHour?: number
  readonly perGigabyteHour?: number
  readonly wattsPerCore?: number
}
/** Durations as text with a unit, shares as percent: `{ p95: '150ms', errors: '0.1%' }`. */
export interface BudgetConfig {
  readonly p50?: string
  readonly p95?: string
  readonly p99?: string
  readonly errors?: string
}

export interface LoadedConfig {
  readonly thresholds: readonly LoadThreshold[]
  readonly answers?: AnswersEvidence
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
  return { practices: {}, budgets: {}, thresholds: [] }
}

async function read(file: string, name: string): Promise<unknown> {
  try {
    const { createJiti } = await import('jiti')
    // Handed over as it is, also where it is not installed: compiling it a second time would take jiti seconds.
    const virtualModules = { '@whetstone/load': await import('@whetstone/load') }
    return (await createJiti(import.meta.url, { virtualModules }).import<unknown>(file, { default: true })) ?? {}
  } catch (cause) {
    throw new WhetstoneError('WHET_CONFIG', `${name} cannot be read: ${(cause as Error).message}`, { cause })
  }
}

function checked(name: string, config: unknown): LoadedConfig {
  checkScenarios(name, (config as { scenarios?: unknown } | undefined)?.scenarios)
  const {
    practices: settings = {},
    budgets = {},
    costs = {},
    answers,
    thresholds = [],
  } = objectAt(name, 'the config', config)
  knownKeys(name, '', config as object, ['practices', 'budgets', 'costs', 'answers', 'scenarios', 'thresholds'])
  const told = checkedAnswers(answers, {
    objectAt: (path, value) => objectAt(name, path, value),
    knownKeys: (path, value, known) => knownKeys(name, path, value, known),
    wrong: (path, value, wanted) => wrong(`${name}: ${path} is ${shown(value)}; write ${wanted}`),
  })
  return {
    ...(told ? { answers: told } : {}),
    practices: withCosts(checkedPractices(name, settings), checkedCosts(name, costs)),
    budgets: checkedBudgets(name, budgets),
    thresholds: checkedThresholds(name, thresholds),
  }
}

function checkedThresholds(name: string, thresholds: unknown): readonly LoadThreshold[] {
  if (!Array.isArray(thresholds))
    throw wrong(`${name}: thresholds is ${shown(thresholds)}; write a list, such as ['p95 < 300ms']`)
  return thresholds.map((text: unknown, at) => {
    if (typeof text === 'string') return parseThreshold(text)
    throw wrong(`${name}: thresholds[${at}] is ${shown(text)}; write a text, such as 'p95 < 300ms'`)
  })
}

/** The practice that speaks of costs takes prices as it takes thresholds. */
const pricedPractice = 'resource-efficiency'

function withCosts(settings: PracticeSettings, costs: Readonly<Record<string, number>>): PracticeSettings {
  const own = settings[pricedPractice]
  if (Object.keys(costs).length === 0 || own === 'off') return settings
  return { ...settings, [pricedPractice]: { ...costs, ...own } }
}

function checkedCosts(name: string, costs: unknown): Readonly<Record<string, number>> {
  const given = objectAt(name, 'costs', costs)
  knownKeys(name, 'costs.', given, ['perCoreHour', 'perGigabyteHour', 'wattsPerCore'])
  for (const [key, value] of Object.entries(given))
    if (typeof value !== 'number' || !Number.isFinite(value) || value < 0)
      throw wrong(`${name}: costs.${key} is ${shown(value)}; write a number from 0, such as 0.04`)
  return given as Readonly<Record<string, number>>
}

/** They are read again, each by its name, by the process that sends them. */
function checkScenarios(name: string, scenarios: unknown = {}): void {
  const path = notAScenario(objectAt(name, 'scenarios', scenarios))
  if (path !== undefined) throw wrong(`${name}: ${path} is no scenario; write scenario({ … }) of @whetstone/load`)
}

function checkedPractices(name: string, settings: unknown): PracticeSettings {
  const checkedSettings = objectAt(name, 'practices', settings)
  const ids = practices.map(practice => practice.id)
  knownKeys(name, 'practices.', checkedSettings, ids)
  for (const [id, setting] of Object.entries(checkedSettings)) {
    if (setting === 'off') continue
    if (!isObject(setting)) throw wrong(`${name}: practices.${id} must be 'off' or an object of thresholds`)
    const thresholds = practices.find(practice => practice.id === id)?.thresholds ?? {}
    knownKeys(name, `practices.${id}.`, setting, Object.keys(thresholds))
    for (const [threshold, value] of Object.entries(setting)) {
      if (typeof value === 'number' && Number.isFinite(value) && value >= 0) continue
      throw wrong(
        `${name}: practices.${id}.${threshold} is ${shown(value)}; write a number from 0 (${thresholds[threshold]?.unit}), such as ${thresholds[threshold]?.value}`,
      )
    }
  }
  return checkedSettings as PracticeSettings
}

function checkedBudgets(name: string, budgets: unknown): LoadedConfig['budgets'] {
  return Object.fromEntries(
    Object.entries(objectAt(name, 'budgets', budgets)).map(([route, limits]) => {
      const path = `budgets.'${route}'`
      const checkedLimits = objectAt(name, path, limits)
      knownKeys(name, `${path}.`, checkedLimits, Object.keys(metrics))
      return [
        route,
        Object.fromEntries(
          Object.entries(checkedLimits).map(([key, limit]) => [
            metrics[key as keyof typeof metrics],
            (key === 'errors' ? shareOf : durationOf)(name, `${path}.${key}`, limit),
          ]),
        ),
      ]
    }),
  )
}

const metrics = { p50: 'p50Ms', p95: 'p95Ms', p99: 'p99Ms', errors: 'errorFraction' } as const

function knownKeys(name: string, path: string, value: object, known: readonly string[]): void {
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

/** Milliseconds. */
function durationOf(name: string, path: string, limit: unknown): number {
  const ms = durationMs(String(limit))
  if (ms === undefined) throw wrong(`${name}: ${path} is ${shown(limit)}; write a time with its unit, such as '150ms'`)
  return ms
}

/** 0 to 1. */
function shareOf(name: string, path: string, limit: unknown): number {
  const [, value] = /^(\d+(?:\.\d+)?)\s*%$/.exec(String(limit)) ?? []
  const share = Number(value) / 100
  if (!(share <= 1))
    throw wrong(`${name}: ${path} is ${shown(limit)}; write a share from '0%' to '100%', such as '0.1%'`)
  return share
}

function objectAt(name: string, path: string, value: unknown): Readonly<Record<string, unknown>> {
  if (isObject(value)) return value
  throw wrong(`${name}: ${path} is ${shown(value)}; it must be an object`)
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function shown(value: unknown): string {
  return inspect(value, { depth: 0, breakLength: Infinity })
}

function wrong(message: string): WhetstoneError {
  return new WhetstoneError('WHET_CONFIG', message)
}
