import { once } from 'node:events'
import { connect } from 'node:net'
import { describe, expect, it } from 'vitest'
import { concat } from '../../core/bytes.ts'
import { cidString, CODEC_DAG_CBOR } from '../../core/cid.ts'
import { verifyProofCar } from '../../repo/proof.ts'
import { toJson } from '../../repo/json.ts'
import { exportCar } from '../../storage/export-car.ts'
import { blobBytesKey } from '../../storage/rows.ts'
import { importCar, sha256, withLevel } from '../../storage/testing/node-host.ts'
import { backUp } from '../../sync/backup.ts'
import { fetchBlobs } from '../../sync/blobs.ts'
import { contents, createSyncKit, wanted } from '../../sync/testing/sync-kit.ts'
import { withXrpc } from './testing/xrpc-kit.ts'

const operator = { by: 'operator' } as const
const collect = async (chunks: AsyncIterable<Uint8Array>) => concat(await Array.fromAsync(chunks))

describe('a store read over XRPC', () => {
  it('is a PDS to a backup: records and blobs come byte for byte, then only what changed', () =>
    withXrpc(async ({ account, store, pds, origin, timers }) => {
      const alice = await account({ name: 'alice', records: 150 })
      const blob = new TextEncoder().encode('<svg onload="x"/>')
      const cid = alice.addBlob(blob)
      await store.keep(alice.did, operator)
      await store.idle()
      await withLevel(async (storage) => {
        const device = createSyncKit(storage, pds)
        const asked: string[] = []
        const host = {
          ...device.host,
          fetch: (url: string, init: RequestInit) => {
            asked.push(url)
            return fetch(url, init)
          },
        }
        const first = (await backUp(host, pds.endpoints, alice.did, device.work())).snapshot
        if (first === undefined) throw new Error('nothing kept')
        expect(asked.filter((it) => it.startsWith(origin)).length).toBeGreaterThan(0)
        const kept = await store.head(alice.did)
        if (kept === undefined) throw new Error('not in the store')
        expect(await collect(exportCar(storage, first))).toEqual(
          await collect(exportCar(store.storage, kept.head)),
        )
        expect(await fetchBlobs(host, pds.endpoints, alice.did, device.work())).toMatchObject({ fetched: 1 })
        expect(await storage.readBytes(`blob/${alice.did}/${cid}`)).toEqual(blob)

        const edited = alice.commit({ create: 4, update: 2, delete: 1 })
        timers.pass(1000)
        await store.refresh(alice.did)
        asked.length = 0
        const second = (await backUp(host, pds.endpoints, alice.did, device.work())).snapshot
        if (second === undefined) throw new Error('nothing new')
        expect(await contents(storage, second)).toEqual(wanted(edited))
        expect(asked.filter((it) => it.includes('getRepo?'))).toEqual([expect.stringContaining('since=')])
        const nothing = await backUp(host, pds.endpoints, alice.did, device.work())
        expect(nothing.snapshot).toBeUndefined()
      })
    }))

  it('gives what changed since a rev it knows, all since one it does not', () =>
    withXrpc(async ({ account, store, get, timers }) => {
      const alice = await account({ name: 'alice', records: 150 })
      await store.keep(alice.did, operator)
      const { rev } = alice.repo
      alice.commit({ create: 2, update: 0, delete: 0 })
      timers.pass(1000)
      await store.refresh(alice.did)
      const part = await (await get(`com.atproto.sync.getRepo?did=${alice.did}&since=${rev}`)).bytes()
      const all = await (await get(`com.atproto.sync.getRepo?did=${alice.did}`)).bytes()
      const unknown = await get(`com.atproto.sync.getRepo?did=${alice.did}&since=2222222222222`)
      expect(unknown.headers.get('content-type')).toBe('application/vnd.ipld.car')
      expect(await unknown.bytes()).toEqual(all)
      expect(part.length).toBeLessThan(all.length / 5)
      await withLevel(async (storage) => {
        const snapshot = await importCar(storage, alice.did, all)
        expect(await contents(storage, snapshot)).toEqual(wanted(alice.repo))
      })
    }))

  it('tells heads, states and who is kept, page by page', () =>
    withXrpc(async ({ account, store, json, pds, timers }) => {
      const accounts = []
      for (const name of ['a', 'b', 'c']) {
        const it = await account({ name })
        await store.keep(it.did, operator)
        accounts.push(it)
      }
      const [first] = accounts
      if (first === undefined) throw new Error('three')
      const head = await store.head(first.did)
      expect(await json(`com.atproto.sync.getLatestCommit?did=${first.did}`)).toEqual({
        status: 200,
        body: { cid: head?.head.commitCid, rev: first.repo.rev },
      })
      first.state = 'deactivated'
      timers.pass(1000)
      await store.refresh(first.did).catch(() => {})
      expect((await json(`com.atproto.sync.getRepoStatus?did=${first.did}`)).body).toEqual({
        did: first.did,
        active: false,
        status: 'deactivated',
        rev: first.repo.rev,
      })
      const seen: unknown[] = []
      let cursor: string | undefined
      let pages = 0
      do {
        const { body } = await json(
          `com.atproto.sync.listRepos?limit=2${cursor === undefined ? '' : `&cursor=${cursor}`}`,
        )
        if (Array.isArray(body['repos'])) seen.push(...body['repos'])
        cursor = body['cursor'] as string | undefined
        pages++
      } while (cursor !== undefined)
      expect(pages).toBe(2)
      expect(seen).toHaveLength(3)
      expect(seen).toEqual(
        expect.arrayContaining(
          accounts.map((it) =>
            expect.objectContaining({ did: it.did, rev: it.repo.rev, active: it !== first }),
          ),
        ),
      )
      expect(pds.accounts).toHaveLength(3)
    }))

  it('describes a repo by handle or DID, with its document', () =>
    withXrpc(async ({ account, store, json }) => {
      const alice = await account({ name: 'alice' })
      await store.keep('alice.test', operator)
      for (const repo of [alice.did, 'alice.test', 'ALICE.test']) {
        expect((await json(`com.atproto.repo.describeRepo?repo=${repo}`)).body).toMatchObject({
          did: alice.did,
          handle: 'alice.test',
          handleIsCorrect: true,
          didDoc: { id: alice.did },
          collections: ['app.bsky.actor.profile', 'app.bsky.feed.like', 'app.bsky.feed.post'],
        })
      }
    }))

  it('gives one record, as JSON and as a proof; and a proof that there is none', () =>
    withXrpc(async ({ account, store, json, get }) => {
      const alice = await account({ name: 'alice' })
      await store.keep(alice.did, operator)
      const record = alice.repo.records.find((it) => it.path.startsWith('app.bsky.feed.post/'))
      if (record === undefined) throw new Error('no post')
      const [collection, rkey] = record.path.split('/')
      const cid = cidString(CODEC_DAG_CBOR, record.cid.subarray(4))
      const query = `collection=${collection}&rkey=${rkey}`
      expect((await json(`com.atproto.repo.getRecord?repo=${alice.did}&${query}&cid=${cid}`)).body).toEqual({
        uri: `at://${alice.did}/${record.path}`,
        cid,
        value: toJson(record.bytes),
      })
      const other = cidString(CODEC_DAG_CBOR, new Uint8Array(32))
      for (const wrong of [`${query}&cid=${other}`, `collection=${collection}&rkey=none`]) {
        const answer = await json(`com.atproto.repo.getRecord?repo=${alice.did}&${wrong}`)
        expect(answer).toMatchObject({ status: 400, body: { error: 'RecordNotFound' } })
      }
      const proof = async (of: string) => {
        const car = await (await get(`com.atproto.sync.getRecord?did=${alice.did}&${of}`)).bytes()
        return { car, did: alice.did, sha256 }
      }
      expect(verifyProofCar({ ...(await proof(query)), path: record.path }).value).toEqual(record.bytes)
      const absent = verifyProofCar({
        ...(await proof(`collection=${collection}&rkey=none`)),
        path: `${collection}/none`,
      })
      expect(absent.value).toBeUndefined()
    }))

  it.each([false, true])('lists records with cursors, reverse: %s', (reverse) =>
    withXrpc(async ({ account, store, json }) => {
      const alice = await account({ name: 'alice', records: 150 })
      await store.keep(alice.did, operator)
      for (const collection of [
        'app.bsky.actor.profile',
        'app.bsky.feed.like',
        'app.bsky.feed.post',
        'a.b.c',
      ]) {
        const paths = alice.repo.records.map((it) => it.path).filter((it) => it.startsWith(`${collection}/`))
        const uris = paths.map((it) => `at://${alice.did}/${it}`)
        const seen: string[] = []
        let cursor: string | undefined
        do {
          const { body } = await json(
            `com.atproto.repo.listRecords?repo=${alice.did}&collection=${collection}&limit=7&reverse=${reverse}` +
              (cursor === undefined ? '' : `&cursor=${cursor}`),
          )
          const records = body['records'] as { uri: string }[]
          expect(records.length).toBeLessThanOrEqual(7)
          seen.push(...records.map((it) => it.uri))
          cursor = body['cursor'] as string | undefined
        } while (cursor !== undefined)
        expect(seen).toEqual(reverse ? uris : uris.reverse())
      }
      // A cursor names a place, not a record: one that was deleted meanwhile does as well.
      const { body } = await json(
        `com.atproto.repo.listRecords?repo=${alice.did}&collection=app.bsky.feed.like&cursor=zzz&limit=1`,
      )
      expect(body['records']).toHaveLength(1)
    }),
  )

  it('lists blobs with cursors, and only those that are here', () =>
    withXrpc(async ({ account, store, json, get }) => {
      const alice = await account({ name: 'alice' })
      const cids = Array.from({ length: 5 }, (_, i) => alice.addBlob(new Uint8Array(300_000).fill(i))).sort()
      await store.keep(alice.did, operator)
      await store.idle()
      const first = (await json(`com.atproto.sync.listBlobs?did=${alice.did}&limit=3`)).body
      expect(first).toEqual({ cids: cids.slice(0, 3), cursor: cids[2] })
      const rest = (await json(`com.atproto.sync.listBlobs?did=${alice.did}&limit=3&cursor=${cids[2]}`)).body
      expect(rest).toEqual({ cids: cids.slice(3) })
      const blob = await get(`com.atproto.sync.getBlob?did=${alice.did}&cid=${cids[1]}`)
      expect(blob.headers.get('content-length')).toBe('300000')
      expect(cidString(0x55, sha256(await blob.bytes()))).toBe(cids[1])
      const gone = cidString(0x55, new Uint8Array(32))
      await store.storage.write([{ type: 'delete-bytes', key: blobBytesKey(alice.did, cids[0] ?? '') }])
      expect(await json(`com.atproto.sync.getBlob?did=${alice.did}&cid=${cids[0]}`)).toMatchObject({
        status: 400,
        body: { error: 'BlobNotFound' },
      })
      expect((await json(`com.atproto.sync.listBlobs?did=${alice.did}`)).body).toEqual({
        cids: cids.slice(1),
      })
      expect(await json(`com.atproto.sync.getBlob?did=${alice.did}&cid=${gone}`)).toMatchObject({
        status: 400,
        body: { error: 'BlobNotFound' },
      })
    }))

  it.each([
    ['HTML', '<!doctype html><script>parent.ran = true</script>'],
    ['SVG', '<svg xmlns="http://www.w3.org/2000/svg"><script>parent.ran = true</script></svg>'],
  ])('hands an %s blob out as bytes that no browser runs', (_name, text) =>
    withXrpc(async ({ account, store, get }) => {
      const alice = await account({ name: 'alice' })
      const cid = alice.addBlob(new TextEncoder().encode(text))
      await store.keep(alice.did, operator)
      await store.idle()
      const blob = await get(`com.atproto.sync.getBlob?did=${alice.did}&cid=${cid}`)
      expect(await blob.text()).toBe(text)
      expect(Object.fromEntries(blob.headers)).toMatchObject({
        'content-type': 'application/octet-stream',
        'content-security-policy': "default-src 'none'; sandbox",
        'x-content-type-options': 'nosniff',
        'content-disposition': `attachment; filename="${cid}"`,
        'access-control-allow-origin': '*',
      })
    }),
  )

  it('refuses with the errors of atproto', () =>
    withXrpc(async ({ json, get, account, store }) => {
      const alice = await account({ name: 'alice' })
      await store.keep(alice.did, operator)
      const did = 'did:web:nobody.test'
      for (const method of ['getRepo', 'getLatestCommit', 'getRepoStatus', 'listBlobs']) {
        expect(await json(`com.atproto.sync.${method}?did=${did}`)).toEqual({
          status: 400,
          body: { error: 'RepoNotFound', message: `Could not find repo: ${did}` },
        })
      }
      for (const wrong of [
        'com.atproto.sync.getRepo',
        'com.atproto.sync.getRepo?did=nobody',
        `com.atproto.sync.getRepo?did=${alice.did}&did=${alice.did}`,
        `com.atproto.sync.getRepo?did=${alice.did}&since=yesterday`,
        `com.atproto.sync.getBlob?did=${alice.did}&cid=x`,
        'com.atproto.sync.listRepos?limit=0',
        'com.atproto.sync.listRepos?limit=1001',
        'com.atproto.sync.listRepos?limit=1e2',
        `com.atproto.repo.listRecords?repo=${alice.did}&collection=posts`,
        `com.atproto.repo.listRecords?repo=${alice.did}&collection=a.b.c&limit=101`,
        `com.atproto.repo.listRecords?repo=${alice.did}&collection=app.bsky.feed.post&cursor=a/b`,
        `com.atproto.repo.getRecord?repo=${alice.did}&collection=a.b.c&rkey=..`,
        'com.atproto.repo.describeRepo?repo=%E2%98%83',
      ])
        expect(await json(wrong), wrong).toMatchObject({ status: 400, body: { error: 'InvalidRequest' } })
      expect(await json('com.atproto.server.getSession')).toMatchObject({
        status: 501,
        body: { error: 'MethodNotImplemented' },
      })
      const post = await get('com.atproto.sync.listRepos', { method: 'POST', body: 'x' })
      expect({ status: post.status, allow: post.headers.get('allow') }).toEqual({
        status: 405,
        allow: 'GET, HEAD',
      })
    }))

  it('answers HEAD without a body, and a page that asks beforehand', () =>
    withXrpc(async ({ account, store, get }) => {
      const alice = await account({ name: 'alice' })
      await store.keep(alice.did, operator)
      const head = await get(`com.atproto.sync.getRepo?did=${alice.did}`, { method: 'HEAD' })
      expect(head.status).toBe(200)
      expect(head.headers.get('content-type')).toBe('application/vnd.ipld.car')
      expect(await head.bytes()).toHaveLength(0)
      const missing = await get('com.atproto.sync.getRepo?did=did:web:no.test', { method: 'HEAD' })
      expect(missing.status).toBe(400)
      const asked = await get('com.atproto.sync.listRepos', {
        method: 'OPTIONS',
        headers: { 'access-control-request-headers': 'atproto-proxy' },
      })
      expect(asked.status).toBe(204)
      expect(asked.headers.get('access-control-allow-headers')).toBe('atproto-proxy')
    }))

  it('gives so many long answers at once, however slowly they are taken', () =>
    withXrpc(
      async ({ account, store, origin, get }) => {
        const alice = await account({ name: 'alice', records: 30_000 })
        await store.keep(alice.did, operator)
        const path = `com.atproto.sync.getRepo?did=${alice.did}`
        const slow = connect(Number(new URL(origin).port), '127.0.0.1')
        slow.write(`GET /xrpc/${path} HTTP/1.1\r\nhost: relay.test\r\n\r\n`)
        await once(slow, 'readable')
        const refused = await get(path)
        expect([refused.status, refused.headers.get('retry-after'), await refused.json()]).toMatchObject([
          429,
          '1',
          { error: 'RateLimitExceeded' },
        ])
        // Short ones are given all the same, and no head of a long one takes a place.
        expect((await get(`com.atproto.sync.getLatestCommit?did=${alice.did}`)).status).toBe(200)
        expect((await get(path, { method: 'HEAD' })).status).toBe(200)
        slow.destroy()
        await expect.poll(async () => (await (await get(path)).bytes()).length).toBeGreaterThan(4_000_000)
      },
      { long: { perPeer: 1, inAll: 2 } },
    ))
})
