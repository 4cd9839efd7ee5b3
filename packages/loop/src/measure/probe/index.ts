/** The receiving side of the probe: inject it, listen to it, read what it saw. */
export { ProbeReceiver } from './receiver.ts'
