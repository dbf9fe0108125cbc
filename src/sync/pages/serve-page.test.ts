import { describe, expect, it } from 'vitest'
import { compress } from '../../core/compress.ts'
import { headOf } from '../kept.ts'
import { openPages, type PageClient } from './client.ts'
import { PAGE_BYTES } from './protocol.ts'
import type { ServePagesOptions } from './serve.ts'
import { type PagesNode, withNodes } from './testing/pages-kit.ts'

/** A node that keeps a repo of some full pages, and tells of each page as it makes it. */
async function withPages(
  use: (kit: {
    readonly did: string
    readonly server: PagesNode
    /** pages that were made so far */
    readonly made: () => number
    /** Resolves when so many were. */
    readonly makes: (count: number) => Promise<void>
    readonly open: () => Promise<PageClient>
  }) => Promise<void>,
  options: Partial<ServePagesOptions> = {},
): Promise<void> {
  await withNodes(2, async ({ pds, nodes: [server, other] }) => {
    if (server === undefined || other === undefined) throw new Error('two nodes')
    const { did } = await pds.account({ name: 'paged', records: 9000 })
    await server.backUp(did)
    let made = 0
    let heard = (): void => {}
    server.serve({
      ...options,
      deflate(bytes) {
        made++
        heard()
        return compress(bytes, 'deflate-raw')
      },
    })
    const clients: PageClient[] = []
    try {
      await use({
        did,
        server,
        made: () => made,
        async makes(count) {
          while (made < count) await new Promise<void>((resolve) => (heard = resolve))
        },
        async open() {
          const client = await openPages(other.net, server.id, { timers: other.timers })
          clients.push(client)
          return client
        },
      })
    } finally {
      for (const client of clients) await client.close()
    }
  })
}

const FULL = { maxBytes: PAGE_BYTES, bare: true, deflate: true }

/** All pages, one after another. */
async function takeAll(client: PageClient, did: string): Promise<Uint8Array[]> {
  const pages: Uint8Array[] = []
  let page = await client.page({ did, ...FULL })
  for (;;) {
    pages.push(await page.bytes)
    if (page.end) return pages
    page = await client.page({ did, root: page.root, after: page.last, known: true, ...FULL })
  }
}

describe('a full page', () => {
  it('is made before it is asked for, while the one before it is on its way, and once', () =>
    withPages(async ({ did, made, makes, open }) => {
      const client = await open()
      const first = await client.page({ did, ...FULL })
      await first.bytes
      expect(first.end).toBe(false)
      await makes(2)
      const second = await client.page({ did, root: first.root, after: first.last, known: true, ...FULL })
      await second.bytes
      await makes(3)
      expect(made()).toBe(3)
    }))

  it('is the same for all who ask the same, and made for the first of them', () =>
    withPages(async ({ did, made, open }) => {
      const pages = await takeAll(await open(), did)
      expect(pages.length).toBeGreaterThan(2)
      expect(made()).toBe(pages.length)
      expect(await takeAll(await open(), did)).toEqual(pages)
      expect(made()).toBe(pages.length)
    }))

  it('is made anew where there was no room to keep it', () =>
    withPages(
      async ({ did, made, open }) => {
        const pages = await takeAll(await open(), did)
        const before = made()
        expect(await takeAll(await open(), did)).toEqual(pages)
        expect(made()).toBeGreaterThan(before)
      },
      { recentBytes: 0 },
    ))

  it('is another in another form', () =>
    withPages(async ({ did, made, makes, open }) => {
      const client = await open()
      const [bare = new Uint8Array()] = await takeAll(client, did)
      const count = made()
      const framed = await client.page({ did, maxBytes: PAGE_BYTES, deflate: true })
      expect((await framed.bytes).length).toBeGreaterThan(bare.length)
      await makes(count + 2)
      const plain = await client.page({ did, maxBytes: PAGE_BYTES, bare: true })
      expect(await plain.bytes).toEqual(bare)
      // Its commit and the nodes on the way to it come along for whom does not have them.
      const alone = await client.page({ did, root: framed.root, after: framed.last, ...FULL })
      const known = await client.page({ did, root: framed.root, after: framed.last, known: true, ...FULL })
      expect((await alone.bytes).length).toBeGreaterThan((await known.bytes).length)
    }))

  it('is given to nobody once its snapshot is gone', () =>
    withPages(async ({ did, server, open }) => {
      const client = await open()
      const pages = await takeAll(client, did)
      expect(pages.length).toBeGreaterThan(2)
      const head = await headOf(server.storage, did)
      const root = head?.commitCid ?? ''
      await server.storage.write([
        { type: 'delete', table: 'repos', key: did },
        { type: 'delete', table: 'snapshots', key: `${did}/${head?.id ?? ''}` },
      ])
      const asked = client.page({ did, root, ...FULL })
      await expect(asked).rejects.toMatchObject({ code: 'net.refused', fields: { reason: 'not-kept' } })
    }))

  it('of a smaller size is made for one request only', () =>
    withPages(async ({ did, made, open }) => {
      const client = await open()
      for (let i = 1; i <= 3; i++) {
        const page = await client.page({ did, ...FULL, maxBytes: PAGE_BYTES - 1 })
        await page.bytes
        expect(made()).toBe(i)
      }
    }))
})
