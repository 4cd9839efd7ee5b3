/** The process's own clocks, taken before the service can replace them with fake ones. */
const { performance } = globalThis
const dateNow = Date.now

/** Milliseconds on a clock that never jumps. */
export const now: () => number = performance.now.bind(performance)
/** Epoch milliseconds. */
export const wallClock = (): number => dateNow()
export const { setInterval: startInterval, setTimeout: startTimeout, clearInterval: stopInterval } = globalThis
