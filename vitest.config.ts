import { defineConfig } from 'vitest/config'

export default defineConfig({
  resolve: { conditions: ['@whetstone/source', 'node', 'default'] },
  ssr: { resolve: { conditions: ['@whetstone/source', 'node', 'default'] } },
  test: {
    include: [
      'packages/*/{src,test}/**/*.test.ts',
      'apps/*/src/**/*.test.ts',
      'examples/*/src/**/*.test.ts',
      'experiments/**/*.test.ts',
      'bench/**/*.test.ts',
      '*.test.ts',
    ],
    exclude: ['**/node_modules/**', '**/dist/**', '**/*.real.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    maxWorkers: 2,
    execArgv: ['--conditions=@whetstone/source'],
  },
})
