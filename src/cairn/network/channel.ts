/** Messages between the contexts of one device: tabs and the service worker. A BroadcastChannel does it. */
export interface Channel {
  /** to all others */
  post(message: unknown): void
  listen(listener: (message: unknown) => void): () => void
}

export interface OpenChannel extends Channel {
  close(): void
}

/** This context's end of the channel with a name. */
export function openChannel(name: string): OpenChannel {
  const channel = new BroadcastChannel(name)
  return {
    post: (message) => channel.postMessage(message),
    listen(listener) {
      const hear = ({ data }: MessageEvent): void => listener(data)
      channel.addEventListener('message', hear)
      return () => channel.removeEventListener('message', hear)
    },
    close: () => channel.close(),
  }
}
