/** One-shot timers. `after` returns what cancels it; cancelling twice is harmless. */
export interface Timers {
  after(ms: number, run: () => void): () => void
}
