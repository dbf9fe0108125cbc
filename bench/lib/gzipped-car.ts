import { once } from 'node:events'
import { registerHooks } from 'node:module'
import { pathToFileURL } from 'node:url'
import { join } from 'node:path'
import { constants, createGzip } from 'node:zlib'
import type { ByteStream } from '../../src/net/net.ts'
import * as repoSync from '../../src/sync/repo-sync/serve.ts'

/**
 * Loaded into a relay's process before its own code (`--import`): its answers to `/p2pds/repo-sync/1.0.0` are gzipped
 * as they are written, by the compressor and at the level that pages are made with, on another thread as well.
 */
const SERVED = pathToFileURL(
  join(import.meta.dirname, '..', '..', 'src', 'sync', 'repo-sync', 'serve.ts'),
).href

registerHooks({
  resolve(specifier, context, next) {
    const found = next(specifier, context)
    return found.url === SERVED ? { ...found, url: import.meta.url } : found
  },
})

export const serveRepoSync: typeof repoSync.serveRepoSync = (options) => {
  const serve = repoSync.serveRepoSync(options)
  return (stream) => serve(gzipped(stream))
}

/** What is written goes out gzipped, no faster than the other side takes it. */
function gzipped(stream: ByteStream): ByteStream {
  const gzip = createGzip({ level: constants.Z_BEST_SPEED, memLevel: constants.Z_MAX_MEMLEVEL })
  const sent = (async () => {
    // zlib gives buffers
    for await (const bytes of gzip as AsyncIterable<Uint8Array>) await stream.write(bytes)
  })()
  sent.catch((error: unknown) => gzip.destroy(error instanceof Error ? error : undefined))
  return {
    protocol: stream.protocol,
    peer: stream.peer,
    path: stream.path,
    read: () => stream.read(),
    async write(bytes) {
      // it holds what it was given until another thread comes to it
      if (!gzip.write(bytes.slice())) await once(gzip, 'drain')
    },
    async closeWrite() {
      gzip.end()
      await sent
      await stream.closeWrite()
    },
    abort(error) {
      gzip.destroy()
      stream.abort(error)
    },
  }
}
