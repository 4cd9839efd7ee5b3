/** How a cache says that it has no answer. */
import { Fault } from '../../fault.ts'

export function closedFault(cache: string): Fault {
  return new Fault('FAULT_CACHE_CLOSED', `${cache} is closed`, { retryable: true })
}

export function loadTimeoutFault(cache: string, key: string, hardTimeoutMs: number): Fault {
  return new Fault('FAULT_LOAD_TIMEOUT', `${cache} waited ${hardTimeoutMs} ms for the load of ${key}`, {
    retryable: false,
    hint: 'give the loader’s own calls `ctx`, raise `hardTimeoutMs`, or let `staleIfErrorMs` bridge it',
  })
}

/** @param message what the loader threw there */
export function failedElsewhereFault(key: string, message: string): Fault {
  return new Fault('FAULT_LOAD_ELSEWHERE', `the load of ${key} failed in another process: ${message}`, {
    retryable: false,
    hint: 'look there for its cause; `staleIfErrorMs` would bridge it',
  })
}
