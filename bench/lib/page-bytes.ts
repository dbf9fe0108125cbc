import { createMemoryNetwork } from '../../src/net/testing/memory-net.ts'
import type { Net } from '../../src/net/net.ts'
import { openPages } from '../../src/sync/pages/client.ts'
import { PAGE_BYTES, PAGES_PROTOCOL } from '../../src/sync/pages/protocol.ts'
import { servePages } from '../../src/sync/pages/serve.ts'
import type { Account } from './account.ts'
import { openLevelHost, timers } from './level-host.ts'

/**
 * What a repo takes by pages, as `pullPages` asks for them, or not compressed: the bytes that come for each request of
 * a whole walk, heads of answers included.
 */
export async function pageBytes(
  { did, file }: Pick<Account, 'did' | 'file'>,
  plc: string,
  deflate: boolean,
): Promise<Uint8Array[]> {
  const { host, take, close } = await openLevelHost()
  try {
    await take(file, { did, partial: false, plc })
    const network = createMemoryNetwork()
    network.node('keeper').handle(PAGES_PROTOCOL, servePages({ storage: host.storage, timers }))
    let came: Uint8Array[] = []
    const net = listening(network.node('asker'), (bytes) => came.push(bytes))
    const client = await openPages(net, 'keeper', { timers })
    const all: Uint8Array[] = []
    const flush = (): void => {
      all.push(Buffer.concat(came))
      came = []
    }
    await client.heads([did])
    await client.identity(did)
    const { root } = await client.blocks({ did, wants: [], bare: true })
    flush()
    let after: string | undefined
    for (let end = false; !end;) {
      const ask = { did, root, after, known: true, maxBytes: PAGE_BYTES, bare: true, deflate }
      const page = await client.page(ask)
      await page.bytes
      flush()
      after = page.last
      end = page.end
    }
    await client.close()
    return all
  } finally {
    await close()
  }
}

/** The same network, with what comes overheard. */
function listening(net: Net, hear: (bytes: Uint8Array) => void): Net {
  return {
    ...net,
    async open(peer, protocol, options) {
      const stream = await net.open(peer, protocol, options)
      return {
        ...stream,
        async read() {
          const bytes = await stream.read()
          if (bytes !== undefined) hear(bytes.slice())
          return bytes
        },
      }
    },
  }
}
