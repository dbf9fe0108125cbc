/** Where sequence numbers come from: one stored counter, so that they grow over restarts too. */
export interface SequenceStore {
  /** a number greater than every one given before, at most 2^53 - 1 */
  next(): Promise<number>
}

/** Uniform in [0, 1). */
export type Random = () => number
