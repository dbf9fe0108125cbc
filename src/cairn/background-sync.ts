/** Tag of one-time and periodic background syncs. */
export const syncTag = 'cairn-catch-up'

/** The service worker's engine, beside the service worker. Its name stays; browsers compare its bytes on updates. */
export const backgroundScript = '/background.js'

/** How often a browser may run a periodic sync at most, ms; it decides by itself, by how much the app is used. */
export const syncInterval = 6 * 60 * 60_000
