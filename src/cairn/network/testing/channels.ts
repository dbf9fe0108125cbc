import type { Channel } from '../channel.ts'

export interface TestChannel extends Channel {
  close(): void
}

/** One context's end of the channel with this name: a real one, as between tabs. */
export function openChannel(name: string): TestChannel {
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
