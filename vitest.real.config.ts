/** `npm run test:real`: diagnosing published applications, installed from npm into a cache; minutes long, so apart from `npm test`. */
import { defineConfig } from 'vitest/config'

export default defineConfig({
  resolve: { conditions: ['@whetstone/source', 'node', 'default'] },
  ssr: { resolve: { conditions: ['@whetstone/source', 'node', 'default'] } },
  test: {
    include: ['test-real/*.real.test.ts'],
    testTimeout: 300_000,
    hookTimeout: 900_000,
    // One at a time: two loaded services on one machine would measure each other.
    fileParallelism: false,
    execArgv: ['--conditions=@whetstone/source'],
  },
})
