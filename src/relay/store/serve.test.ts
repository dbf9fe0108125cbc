import { describe, expect, it } from 'vitest'
import { createMessageReader, writeMessage } from '../../net/messages.ts'
import { createMemoryNetwork } from '../../net/testing/memory-net.ts'
import { createStoreClient } from '../../sync/store/client.ts'
import { MAX_STORE_ANSWER, STORE_PROTOCOL, storeAnswer } from '../../sync/store/messages.ts'
import { createTestTimers } from '../../sync/testing/timers.ts'
import { fail } from '../../sync/testing/faults.ts'
import { type StoreKit, withStoreKit } from './testing/store-kit.ts'

const realTimers = {
  after(ms: number, run: () => void) {
    const timer = setTimeout(run, ms)
    return () => clearTimeout(timer)
  },
}

/** A store on a relay's node, and clients on nodes of their own. */
async function withClients(
  kit: StoreKit,
  options: Parameters<StoreKit['open']>[0],
  patience: 'endless' | 'none' = 'endless',
) {
  const timers = patience === 'none' ? createTestTimers() : realTimers
  const store = await kit.open({ ...options, host: { timers, clock: kit.timers.clock } })
  const network = createMemoryNetwork()
  network.node('relay').handle(STORE_PROTOCOL, (stream) => store.serve(stream))
  return {
    store,
    open: (name: string) => network.node(name).open('relay', STORE_PROTOCOL),
    client: (name: string) => createStoreClient(network.node(name), realTimers, 'relay'),
  }
}

describe('/cairn/store/1.0.0', () => {
  it('keeps, tells how it is, and drops, each for the peer of the stream', () =>
    withStoreKit(async (kit) => {
      const alice = await kit.pds.account({ name: 'alice' })
      const { client, store } = await withClients(kit, {})
      const [one, two] = [client('one'), client('two')]
      expect(await one.keep(alice.did)).toMatchObject({ did: alice.did, state: 'kept', rev: alice.repo.rev })
      expect((await store.list())[0]?.askers).toEqual(['one'])
      expect(await two.status([alice.did, 'did:web:nobody.test'])).toMatchObject([
        { state: 'kept' },
        { did: 'did:web:nobody.test', state: 'none' },
      ])
      await expect(two.drop(alice.did)).rejects.toMatchObject({
        code: 'net.refused',
        fields: { reason: 'store.not-kept', did: alice.did },
      })
      await one.drop(alice.did)
      expect(await store.list()).toEqual([])
    }))

  it('says no with the reason', () =>
    withStoreKit(async (kit) => {
      const alice = await kit.pds.account({ name: 'alice' })
      const { client } = await withClients(kit, {
        admission: { mode: 'token', tokens: ['stone'] },
        limits: { bytesPerPeer: 1000 },
      })
      await expect(client('one').keep(alice.did)).rejects.toMatchObject({
        code: 'net.refused',
        fields: { reason: 'store.not-admitted', peer: 'relay' },
      })
      await expect(client('one').keep(alice.did, { token: 'stone' })).rejects.toMatchObject({
        fields: { reason: 'store.quota', limit: 1000 },
      })
    }))

  it('answers at once when a repo takes long, and later what became of it', () =>
    withStoreKit(async (kit) => {
      const [alice, bob] = [await kit.pds.account({ name: 'alice' }), await kit.pds.account({ name: 'bob' })]
      const { client, store } = await withClients(kit, {}, 'none')
      const one = client('one')
      const gate = Promise.withResolvers<void>()
      kit.pds.always('getRepo', (response, serve) => {
        void gate.promise.then(() => {
          const { body } = serve()
          response.writeHead(200, { 'content-length': body.length }).end(body)
        })
      })
      expect(await one.keep(alice.did)).toMatchObject({ did: alice.did, state: 'fetching' })
      expect(await one.status([alice.did])).toMatchObject([{ state: 'fetching' }])
      gate.resolve()
      await store.idle()
      expect(await one.status([alice.did])).toMatchObject([{ state: 'kept', rev: alice.repo.rev }])
      kit.pds.always('getRepo', fail(400, 'RepoTakendown'))
      expect(await one.keep(bob.did)).toMatchObject({ state: 'fetching' })
      await store.idle()
      expect(await one.status([bob.did])).toMatchObject([{ state: 'failed', error: 'pds.account-takendown' }])
    }))

  it('takes several requests on one stream, and renews what is asked about', () =>
    withStoreKit(async (kit) => {
      const alice = await kit.pds.account({ name: 'alice' })
      const { open, store } = await withClients(kit, {})
      const stream = await open('one')
      const answers = createMessageReader(stream, storeAnswer, MAX_STORE_ANSWER)
      await writeMessage(stream, { type: 'keep', did: alice.did, relays: ['https://relay.test'] })
      expect(await answers.expect()).toMatchObject({ type: 'states', states: [{ state: 'kept' }] })
      kit.timers.pass(2 * 60 * 60_000)
      await writeMessage(stream, { type: 'status', dids: [alice.did] })
      expect(await answers.expect()).toMatchObject({ type: 'states', states: [{ state: 'kept' }] })
      expect((await store.list())[0]?.askedAt).toBe(kit.timers.clock.now())
      await stream.closeWrite()
      expect(await answers.read()).toBeUndefined()
    }))

  it.each([
    ['another type', { type: 'steal', did: 'did:plc:x' }],
    ['no DID', { type: 'keep', did: 'alice' }],
    ['more than it knows', { type: 'drop', did: 'did:web:a.test', all: true }],
    ['too many DIDs', { type: 'status', dids: Array.from({ length: 101 }, () => 'did:web:a.test') }],
  ])('breaks off at a request with %s, and keeps nothing', (_name, request) =>
    withStoreKit(async (kit) => {
      const { open, store } = await withClients(kit, {})
      const stream = await open('one')
      await writeMessage(stream, request)
      await expect(stream.read()).rejects.toMatchObject({ code: 'net.reset' })
      expect(store.usage()).toMatchObject({ repos: 0, peers: 0 })
    }),
  )
})
