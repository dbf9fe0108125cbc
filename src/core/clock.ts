/** Where the pure rooms get the time from. */
export interface Clock {
  /** milliseconds since the Unix epoch */
  now(): number
}
