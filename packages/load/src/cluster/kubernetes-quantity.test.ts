/** Quantities that Kubernetes takes, and those it refuses. */
import { expect, it } from 'vitest'
import { kubernetesQuantity } from './kubernetes-quantity.ts'

it.each([
  ['1', 1],
  ['0.5', 0.5],
  ['.5', 0.5],
  ['2.', 2],
  ['500m', 0.5],
  ['512Mi', 536_870_912],
  ['512M', 512e6],
  ['1.5Gi', 1_610_612_736],
  ['64Ki', 65_536],
  ['2k', 2000],
  ['129e6', 129e6],
  ['5E3', 5000],
  // A suffix of its own, where no digits follow.
  ['2E', 2e18],
  ['-1', -1],
])('%s is %s', (text, value) => {
  expect(kubernetesQuantity(text)).toBe(value)
})

it.each(['', 'lots', '512MB', '512mi', '512 Mi', '1,5', 'Mi', '1e', '0x10', '1Kb', '1K', 'NaN', 'Infinity'])(
  '%j is none',
  text => {
    expect(kubernetesQuantity(text)).toBeUndefined()
  },
)
