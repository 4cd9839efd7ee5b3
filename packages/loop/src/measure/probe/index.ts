/** The receiving side of the probe: inject it, listen to it, read what it saw. */
export { probeEntry } from './probe-entry.ts'
export { ProbeReceiver } from './receiver.ts'
export type { Injection, ListeningPort, ReceiverOptions, RegisteredRoute } from './receiver.ts'
export type { ProbeEvidence } from './probe-evidence.ts'
