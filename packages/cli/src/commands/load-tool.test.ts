/** Which load commands are refused before they run. */
import { describe, expect, it } from 'vitest'
import { assertSeen } from './load-tool.ts'

describe('assertSeen', () => {
  it.each([
    'autocannon -d 10 $URL',
    'npx --yes autocannon@7.15.0 $URL',
    'env A=1 /usr/bin/ab -n 5 $URL/',
    'wrk -d 20s --latency $URL',
  ])('refuses %s', command => {
    expect(() => assertSeen(command)).toThrow(
      expect.objectContaining({
        code: 'WHET_FLAG',
        message: expect.stringContaining('writes down no single request') as string,
        hint: expect.stringContaining('--otlp 4318') as string,
      }) as Error,
    )
  })

  it.each(['k6 run shop.js', 'wrk -R200 -d 20s $URL', 'wrk -R 200 $URL', './load.sh $URL', 'sh -c "ab $URL"', ''])(
    'lets %s be tried',
    command => {
      expect(() => assertSeen(command)).not.toThrow()
    },
  )
})
