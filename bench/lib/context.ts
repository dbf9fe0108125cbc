/** What every bench is given. */
export interface BenchContext {
  /** where the pages and data are served */
  readonly origin: string
  /** how many times each thing is measured; medians are reported */
  readonly runs: number
  /** measure the product */
  readonly ours: boolean
  /** measure the rivals */
  readonly rivals: boolean
  /** say where the time goes, where a bench can */
  readonly profile: boolean
  /** record counts, where not the bench's own */
  readonly sizes?: readonly number[]
  /** in which order records come, by the names of the bench, where not all of its own */
  readonly orders?: readonly string[]
  /** counts of changes, where not all of the bench's own */
  readonly changes?: readonly number[]
  /** progress, on standard error */
  log(line: string): void
}
