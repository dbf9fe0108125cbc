/** Messages between the contexts of one device: tabs and the service worker. A BroadcastChannel does it. */
export interface Channel {
  /** to all others */
  post(message: unknown): void
  listen(listener: (message: unknown) => void): () => void
}
