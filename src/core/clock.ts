/** Where the pure rooms get the time from. */
export interface Clock {
  /** milliseconds since the Unix epoch */
  now(): number
}

/**
 * How much of a span is left that began at some time, ms; 0 when it is over. What began in the future was noted before
 * the clock was set back, and is over: else it would last for as long as the clock was ahead.
 */
export function leftOf(span: number, from: number, now: number): number {
  const passed = now - from
  return passed < 0 ? 0 : Math.max(0, span - passed)
}
