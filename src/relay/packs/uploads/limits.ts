/** Uploads that have not ended: each holds room, and whoever needs more of them waits. */
export const MOST_UPLOADS = 32
/** Of one address: some repos of one person at a time. */
export const MOST_OF_ADDRESS = 4
/** No byte came for so long, ms: a device that lost its network comes back within it, or begins anew. */
export const QUIET_FOR = 60 * 60_000
/** From its beginning, ms: 4 GiB at 50 KB/s. */
export const LIVES_FOR = 24 * 60 * 60_000
/** What became of an upload is told for so long after its end, ms. */
export const TOLD_FOR = 60 * 60_000
/** Ended uploads that are remembered, some hundred bytes each; the oldest are forgotten. */
export const MOST_TOLD = 1000
/** Between two looks for what is over, ms. */
export const SWEEP_EVERY = 10 * 60_000
/** Room is taken so many bytes at a time, as they come: what someone only announces holds nothing. */
export const STEP = 1024 * 1024
/** The request that completes an upload waits so long for what becomes of it, ms: proxies end silent requests after 60 s. */
export const PATIENCE = 20_000
/** A request that brings nothing for so long is ended, ms; what came of it stays. */
export const IDLE = 60_000
