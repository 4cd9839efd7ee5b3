/** A process that writes behind and is killed: it says each write when that is acknowledged, and nothing before. Its argument is the setting, as JSON. */
import { writeSync } from 'node:fs'
import { Pool } from '@whetstone/runtime/data'
import { WriteBack } from '@whetstone/runtime/cache'
import { flushTo, journalOf, keyCount, type Setting } from './stage.ts'

const setting = JSON.parse(process.argv[2]!) as Setting
const database = new Pool({ connectionString: setting.url, max: 6 })
// The control is killed before it flushes.
const lingerMs = setting.journal === 'forgotten' ? 60_000 : 2
const back = new WriteBack<number>({ journal: journalOf(setting, database), flush: flushTo(database), lingerMs })
// From here on it may be killed: also while it reads what its predecessor left.
writeSync(1, 'begun\n')
await back.open()
// Several writers at once, each with keys of its own, so that the values of a key are acknowledged in their order.
const writers = 8
await Promise.all(
  Array.from({ length: writers }, async (_, writer) => {
    for (let value = setting.firstValue; ; value++) {
      const key = `k${writer + writers * Math.floor(Math.random() * (keyCount / writers))}`
      await back.write(key, value)
      // Not through a stream: what was said must be said when the next line runs.
      writeSync(1, `${key} ${value}\n`)
    }
  }),
)
