/** Records that wait for the next batch, and the one connection they leave by. Nothing here keeps the process alive or waits for the tool. */
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import type { ProbeAnswer, ProbeCommand, ProbeHello, ProbeRecord } from '@whetstone/model'
import { failed, guarded } from './guard.ts'
import { disable } from './level.ts'

const longestQueueBytes = 1_048_576
/** A profile is one record and may be larger than the queue. */
const longestProfileBytes = 16 * longestQueueBytes
const longestCommandBytes = 65_536
const recordsKept = 5_000

let socket: Socket | undefined
let isClosed = false
let records: ProbeRecord[] = []
let dropped = 0

export function send(record: ProbeRecord): void {
  if (isClosed) return
  if (records.length < recordsKept) records.push(record)
  else dropped++
}

/** The tool reads too slowly: figures then wait in the ledger, where they add up instead of queueing. */
export function isCongested(): boolean {
  return socket !== undefined && socket.writableLength > longestQueueBytes / 2
}

export function open(path: string, hello: ProbeHello, onCommand: (command: ProbeCommand) => void): void {
  const opened = connect(path)
  socket = opened
  opened.unref()
  opened.on('error', close)
  opened.on('close', close)
  opened.write(`${JSON.stringify(hello)}\n`)
  let rest = ''
  opened.setEncoding('utf8')
  opened.on(
    'data',
    guarded((chunk: string) => {
      const lines = (rest + chunk).split('\n')
      rest = lines.pop() ?? ''
      if (rest.length > longestCommandBytes) rest = ''
      for (const line of lines) if (line.trim() !== '') onCommand(JSON.parse(line) as ProbeCommand)
    }),
  )
}

/** Writes everything queued, and `answer` behind it. */
export function ship(answer?: ProbeAnswer): void {
  if (socket === undefined || isClosed) return
  const batch = records
  records = []
  let text = ''
  for (const record of batch) {
    const line = `${JSON.stringify(record)}\n`
    const limit = record.kind === 'cpu-profile' || record.kind === 'heap' ? longestProfileBytes : longestQueueBytes
    if (text.length + line.length + socket.writableLength > limit) dropped++
    else text += line
  }
  if (dropped > 0) text += `${JSON.stringify({ kind: 'dropped', records: dropped } satisfies ProbeRecord)}\n`
  dropped = 0
  if (answer) text += `${JSON.stringify(answer)}\n`
  if (text !== '') socket.write(text)
}

function close(): void {
  if (isClosed) return
  isClosed = true
  records = []
  try {
    disable()
    socket?.destroy()
  } catch (error) {
    failed(error)
  }
}
