import { generateKeyPair } from '@libp2p/crypto/keys'
import { multiaddr } from '@multiformats/multiaddr'
import { describe, expect, it } from 'vitest'
import { createNodeNode } from '../../../net/node/node-node.ts'
import { realHost } from '../../../net/testing/nodes.ts'
import { createStoreClient } from '../../../sync/store/client.ts'
import { startLocalPds } from '../../../sync/testing/local-pds.ts'
import { createStarted, describeAt, metric } from '../../testing/relays.ts'
import { begin, carOf, patch, told } from './testing/uploads-kit.ts'

describe('a relay', () => {
  it('takes a kept repo in pieces, over a restart, and serves what came', async () => {
    const started = createStarted()
    const pds = await startLocalPds()
    try {
      const dataDir = await started.folder()
      const alice = await pds.account({ name: 'alice', records: 500 })
      const base = new URL('https://relay.test/cairn/')
      let relay = await started.relay({ dataDir, plc: pds.origin })
      const node = await createNodeNode({
        privateKey: await generateKeyPair('Ed25519'),
        host: realHost,
        listen: [],
        allowLocal: true,
      })
      started.onClose(() => node.stop())
      await node.libp2p.dial((await describeAt(relay.url)).multiaddrs.map((it) => multiaddr(it)))
      const client = createStoreClient(node, realHost.timers, relay.peerId)
      expect(await client.keep(alice.did)).toMatchObject({ state: 'kept', rev: alice.repo.rev })
      const next = alice.commit({ create: 400 })
      // Its own server is gone for good: all that the store gets comes from whoever has it.
      pds.offline = true
      alice.state = 'not-found'
      const car = carOf(next, 'revision')

      const urlOf = (): string => `http://127.0.0.1:${relay.port}/sync/uploads`
      const headers = { 'access-control-request-headers': 'content-type,upload-offset' }
      const preflight = await fetch(urlOf(), { method: 'OPTIONS', headers })
      expect(preflight.status).toBe(204)
      for (const method of ['PATCH', 'DELETE', 'HEAD'])
        expect(preflight.headers.get('access-control-allow-methods')).toContain(method)
      expect(preflight.headers.get('access-control-allow-headers')).toContain('upload-offset')

      const { response, at } = await begin(urlOf(), { did: alice.did, bytes: car.length })
      expect(response.headers.get('access-control-allow-origin')).toBe('*')
      const exposed = response.headers.get('access-control-expose-headers')
      for (const name of ['location', 'upload-offset', 'upload-length', 'upload-status', 'upload-code'])
        expect(exposed).toContain(name)
      expect((await patch(at, 0, car.subarray(0, 40_000))).status).toBe(204)
      expect(await metric(relay, 'cairn_http_requests_total{route="uploads",status="204"}')).toBe(2)

      await relay.close()
      relay = await started.relay({ dataDir, plc: pds.origin, publicUrl: base })
      const id = new URL(at).pathname.split('/').at(-1) ?? ''
      const there = `${urlOf()}/${id}`
      expect((await told(there))[0]).toBe('40000')
      const last = await patch(there, 40_000, car.subarray(40_000))
      expect(await last.json()).toMatchObject({ status: 'applied', offset: car.length })
      const query = `did=${encodeURIComponent(alice.did)}`
      const latest = await fetch(
        `http://127.0.0.1:${relay.port}/xrpc/com.atproto.sync.getLatestCommit?${query}`,
      )
      expect(await latest.json()).toMatchObject({ rev: next.rev })
      // Under the path that others know it by.
      const again = await begin(urlOf(), { did: alice.did, bytes: 10 })
      expect(again.response.headers.get('location')).toMatch(/^\/cairn\/sync\/uploads\/[0-9a-f]{32}$/)

      const bare = await started.relay()
      const none = await begin(`http://127.0.0.1:${bare.port}/sync/uploads`, { did: alice.did, bytes: 10 })
      expect(none.response.status).toBe(404)
    } finally {
      await started.close()
      await pds.close()
    }
  })
})
