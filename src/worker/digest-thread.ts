/** Hashes one message, and is ended by whoever started it: see `digest-aside.ts`. */
self.addEventListener('message', ({ data }: MessageEvent<Uint8Array<ArrayBuffer>>) => {
  void crypto.subtle.digest('SHA-256', data).then((digest) => postMessage(digest))
})
