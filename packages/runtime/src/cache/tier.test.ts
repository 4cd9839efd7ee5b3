import { describe } from 'vitest'
import { mapTier } from './testing/map-tier.ts'
import { tierContract } from './testing/tier-contract.ts'

describe('a tier of maps', () => {
  tierContract(async () => {
    let nowMs = 1_700_000_000_000
    return {
      tier: mapTier(() => nowMs),
      nowMs: () => nowMs,
      pass: async ms => void (nowMs += ms),
    }
  })
})
