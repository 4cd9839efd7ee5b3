/** What a project's whetstone.config.ts imports. */
export { defineConfig } from './config.ts'
export type { BudgetConfig, WhetstoneConfig } from './config.ts'
