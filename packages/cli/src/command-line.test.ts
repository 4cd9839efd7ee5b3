import { expect, test } from 'vitest'
import { shownCommandLine } from './command-line.ts'

test.each([
  [['diagnose', '--', 'node', 'server.js'], 'whetstone diagnose -- node server.js'],
  [['trial', '--a', 'node old.js', '--b', 'node new.js'], "whetstone trial --a 'node old.js' --b 'node new.js'"],
  [['diagnose', '--route', "GET /o'clock?page=1"], String.raw`whetstone diagnose --route 'GET /o'\''clock?page=1'`],
  [['diagnose', '--header', 'authorization: Bearer abc'], "whetstone diagnose --header 'authorization: ***'"],
  [['diagnose', '--header=x-key: abc', '--rate', '5'], "whetstone diagnose '--header=x-key: ***' --rate 5"],
  [['diagnose', '--login', 'POST /login {"password":"a b"}'], "whetstone diagnose --login 'POST /login ***'"],
])('%j can be typed again, without its secrets', (words, shown) => expect(shownCommandLine(words)).toBe(shown))
