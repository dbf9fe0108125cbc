import { describe, expect, it } from 'vitest'
import { createFrameReader } from '../../net/frames.ts'
import { createMessageReader, writeMessage } from '../../net/messages.ts'
import type { ByteStream, StreamHandler } from '../../net/net.ts'
import { createMemoryNetwork } from '../../net/testing/memory-net.ts'
import { signRepo } from '../../repo/testing/repo.ts'
import { repoRange } from '../../storage/rows.ts'
import { deleteSnapshot } from '../keep.ts'
import { headOf, keptIdentity, snapshotsOf } from '../kept.ts'
import { type Device, realTimers, withTwoDevices } from '../repo-sync/testing/two-devices.ts'
import { type Challenge, challengePeer } from './challenge.ts'
import { CHALLENGE_PROTOCOL, createAnswerMac, MAX_MESSAGE, NONCE_BYTES, proofShape } from './protocol.ts'
import { serveChallenge } from './serve.ts'
import { verifyProofCar } from '../../repo/proof.ts'
import { sha256 } from '../../storage/testing/node-host.ts'

function connect(giver: Device, options: Partial<Parameters<typeof serveChallenge>[0]> = {}) {
  const network = createMemoryNetwork()
  const [there, here] = [network.node('giver'), network.node('taker')]
  const handler = serveChallenge({
    self: 'giver',
    storage: giver.storage,
    timers: realTimers,
    sha256,
    ...options,
  })
  there.handle(CHALLENGE_PROTOCOL, handler)
  return { here, there, network, handler }
}

const ask = (
  taker: Device,
  net: ReturnType<typeof connect>['here'],
  did: string,
  more?: Partial<Challenge>,
) => challengePeer({ ...taker.host, timers: realTimers }, net, { did, peer: 'giver', ...more })

/** Answers with what `reply` makes of the question and of the true answer's proofs. */
function impostor(
  node: ReturnType<typeof connect>['there'],
  handler: StreamHandler,
  change: (sent: { write: ByteStream['write'] }) => ByteStream['write'],
): void {
  node.handle(CHALLENGE_PROTOCOL, (stream) => handler({ ...stream, write: change(stream) }))
}

describe('a challenge', () => {
  it('is met by whoever holds the blocks, each time with another question', () =>
    withTwoDevices(async ({ pds, giver, taker }) => {
      const alice = await pds.account({ name: 'alice', records: 1000 })
      for (const device of [giver, taker]) await device.backUp(alice.did)
      const { here, there, handler } = connect(giver)
      const asked: string[][] = []
      there.handle(CHALLENGE_PROTOCOL, async (stream) => {
        const read = stream.read.bind(stream)
        await handler({
          ...stream,
          async read() {
            const bytes = await read()
            if (bytes !== undefined) asked.push([Buffer.from(bytes).toString('latin1')])
            return bytes
          },
        })
      })
      const head = await headOf(taker.storage, alice.did)
      const first = await ask(taker, here, alice.did, { count: 10 })
      expect(first).toMatchObject({
        did: alice.did,
        peer: 'giver',
        commit: head?.commitCid,
        newest: head?.commitCid,
        rev: alice.repo.rev,
        records: 10,
        path: 'direct',
      })
      expect(first.ms).toBeGreaterThanOrEqual(0)
      await ask(taker, here, alice.did, { count: 10 })
      expect(asked).toHaveLength(4)
      expect(asked[1]).not.toEqual(asked[3])
    }))

  it('is about the newest snapshot that both hold', () =>
    withTwoDevices(async ({ pds, giver, taker }) => {
      const alice = await pds.account({ name: 'alice' })
      for (const device of [giver, taker]) await device.backUp(alice.did)
      const before = await headOf(taker.storage, alice.did)
      alice.commit({ create: 1 })
      await giver.backUp(alice.did)
      const { here } = connect(giver)
      const newest = (await headOf(giver.storage, alice.did))?.commitCid
      expect(await ask(taker, here, alice.did)).toMatchObject({ commit: before?.commitCid, newest })
      // And when the peer drops the old one, there is none.
      const [oldest] = await snapshotsOf(giver.storage, alice.did)
      await deleteSnapshot(giver.storage, alice.did, oldest?.id ?? '')
      await expect(ask(taker, here, alice.did)).rejects.toMatchObject({ code: 'sync.no-common-root' })
    }))

  it('asks for every record of a small repo, and an empty one proves that it is empty', () =>
    withTwoDevices(async ({ pds, giver, taker }) => {
      const [few, none] = [
        await pds.account({ name: 'few', records: 5 }),
        await pds.account({ name: 'none' }),
      ]
      none.serve(signRepo({ ...none.repo, records: [] }))
      for (const device of [giver, taker]) for (const it of [few, none]) await device.backUp(it.did)
      const { here } = connect(giver)
      expect(await ask(taker, here, few.did)).toMatchObject({ records: 5 })
      expect(await ask(taker, here, none.did)).toMatchObject({ records: 0 })
    }))

  it('is failed by a peer that threw blocks away', () =>
    withTwoDevices(async ({ pds, giver, taker }) => {
      const alice = await pds.account({ name: 'alice', records: 400 })
      for (const device of [giver, taker]) await device.backUp(alice.did)
      const { here } = connect(giver)
      const { from, to } = repoRange(alice.did)
      const rows = await giver.storage.list('segments', { from, to })
      const records = rows.filter(({ value }) => (value as { kind: string }).kind === 'records')
      expect(records.length).toBeGreaterThan(0)
      for (const { key } of records)
        await giver.storage.write([{ type: 'delete-bytes-range', from: `seg/${key}.`, to: `seg/${key}.~` }])
      await expect(ask(taker, here, alice.did)).rejects.toMatchObject({
        code: 'sync.challenge-failed',
        fields: { peer: 'giver', did: alice.did, reason: 'missing' },
      })
    }))

  it('is failed by a peer whose disk gives other bytes', () =>
    withTwoDevices(async ({ pds, giver, taker }) => {
      const alice = await pds.account({ name: 'alice', records: 400 })
      for (const device of [giver, taker]) await device.backUp(alice.did)
      const storage = {
        ...giver.storage,
        async readRanges(ranges: Parameters<typeof giver.storage.readRanges>[0]) {
          const out = await giver.storage.readRanges(ranges)
          // The last byte of a read of records lies in a record.
          for (const bytes of out) bytes[bytes.length - 1] = (bytes[bytes.length - 1] ?? 0) ^ 1
          return out
        },
      }
      const { here } = connect(giver, { storage })
      await expect(ask(taker, here, alice.did)).rejects.toMatchObject({ code: 'sync.challenge-failed' })
    }))

  it('is refused by a peer that lacks the repo, may not give it, or is busy', () =>
    withTwoDevices(async ({ pds, giver, taker }) => {
      const alice = await pds.account({ name: 'alice' })
      await taker.backUp(alice.did)
      const { here } = connect(giver)
      await expect(ask(taker, here, alice.did)).rejects.toMatchObject({ code: 'sync.peer-lacks' })
      await giver.backUp(alice.did)
      const shy = connect(giver, { mayRead: (peer, did) => !(peer === 'taker' && did === alice.did) })
      await expect(ask(taker, shy.here, alice.did)).rejects.toMatchObject({ code: 'sync.peer-lacks' })
      const busy = connect(giver, { slots: { perPeer: 0, inAll: 1 } })
      await expect(ask(taker, busy.here, alice.did)).rejects.toMatchObject({ code: 'sync.peer-failed' })
      await expect(ask(giver, here, 'did:plc:bbbbbbbbbbbbbbbbbbbbbbbb')).rejects.toMatchObject({
        code: 'sync.not-kept',
      })
    }))

  it('can be about a repo that is not kept here, by paths that it has', () =>
    withTwoDevices(async ({ pds, giver, taker }) => {
      const [alice, bob] = [await pds.account({ name: 'alice' }), await pds.account({ name: 'bob' })]
      for (const it of [alice, bob]) await giver.backUp(it.did)
      const identityOf = async (did: string) => {
        const identity = await keptIdentity(giver.storage, await headOf(giver.storage, did))
        if (identity === undefined) throw new Error('no identity')
        return identity
      }
      const { here } = connect(giver)
      const paths = alice.repo.records.map((it) => it.path)
      const known = { paths, identity: await identityOf(alice.did) }
      expect(await ask(taker, here, alice.did, { known, count: 4 })).toMatchObject({ records: 4 })
      const wrong = { paths, identity: await identityOf(bob.did) }
      await expect(ask(taker, here, alice.did, { known: wrong })).rejects.toMatchObject({
        fields: { reason: 'proof' },
      })
      const gone = { ...known, paths: ['app.bsky.feed.post/none'] }
      await expect(ask(taker, here, alice.did, { known: gone })).rejects.toMatchObject({
        fields: { reason: 'absent' },
      })
    }))

  it('is failed by an answer of another kind, bound to others, or too late', () =>
    withTwoDevices(async ({ pds, giver, taker }) => {
      const alice = await pds.account({ name: 'alice' })
      for (const device of [giver, taker]) await device.backUp(alice.did)
      // The answer that it gives is bound to another responder: one that was passed on as it is.
      const relayed = connect(giver, { self: 'someone-else' })
      await expect(ask(taker, relayed.here, alice.did)).rejects.toMatchObject({
        code: 'sync.challenge-failed',
        fields: { reason: 'mac' },
      })
      const { here, there, handler } = connect(giver)
      impostor(there, handler, (stream) => async (bytes) => {
        const changed = bytes.slice()
        if (bytes.length > 500) changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1
        await stream.write(changed)
      })
      await expect(ask(taker, here, alice.did)).rejects.toMatchObject({ fields: { reason: 'proof' } })
      there.handle(CHALLENGE_PROTOCOL, async (stream) => {
        await stream.read()
        await writeMessage(stream, { commits: [(await headOf(giver.storage, alice.did))?.commitCid] })
        while ((await stream.read()) !== undefined);
      })
      await expect(ask(taker, here, alice.did, { deadlineMs: 20 })).rejects.toMatchObject({
        fields: { reason: 'deadline' },
      })
      const controller = new AbortController()
      const cancelled = ask(taker, here, alice.did, { signal: controller.signal })
      controller.abort()
      await expect(cancelled).rejects.toMatchObject({ code: 'net.cancelled' })
      there.handle(CHALLENGE_PROTOCOL, async (stream) => stream.write(new Uint8Array([3, 1, 2, 3])))
      await expect(ask(taker, here, alice.did)).rejects.toMatchObject({ code: 'net.malformed' })
    }))

  it('binds its answer to the nonce, and serves nobody who asks without end', () =>
    withTwoDevices(async ({ pds, giver }) => {
      const alice = await pds.account({ name: 'alice' })
      await giver.backUp(alice.did)
      const { here } = connect(giver)
      const commit = (await headOf(giver.storage, alice.did))?.commitCid ?? ''
      const [path = ''] = alice.repo.records.map((it) => it.path)
      const exchange = async (question: unknown) => {
        const stream = await here.open('giver', CHALLENGE_PROTOCOL)
        const frames = createFrameReader(stream)
        await writeMessage(stream, { did: alice.did })
        await frames.read(MAX_MESSAGE)
        await writeMessage(stream, question)
        return frames
      }
      const nonce = new Uint8Array(NONCE_BYTES).fill(7)
      const frames = await exchange({ commit, nonce, paths: [path] })
      const { proof } = await createMessageReader(
        { peer: 'giver' } as ByteStream, // only named in errors
        proofShape,
        MAX_MESSAGE,
        frames,
      ).expect()
      if (proof === undefined) throw new Error('no proof')
      expect(verifyProofCar({ car: proof, path, sha256 }).commitCid).toBe(commit)
      const macOf = (nonce: Uint8Array<ArrayBuffer>) => {
        const question = { did: alice.did, commit, nonce, paths: [path] }
        const mac = createAnswerMac({ ...question, challenger: 'taker', responder: 'giver' })
        mac.proof(proof)
        return Buffer.from(mac.end()).toString('hex')
      }
      const last = Buffer.from((await frames.read(MAX_MESSAGE)) ?? []).toString('hex')
      expect(last).toContain(macOf(nonce))
      expect(last).not.toContain(macOf(new Uint8Array(NONCE_BYTES).fill(8)))
      for (const bad of [
        { commit, nonce, paths: Array.from({ length: 65 }, () => path) },
        { commit, nonce, paths: [] },
        { commit, nonce: nonce.slice(1), paths: [path] },
        { commit, nonce, paths: ['../..'] },
      ]) {
        const after = await exchange(bad)
        await expect(after.expect(MAX_MESSAGE)).rejects.toMatchObject({ code: 'net.reset' })
      }
    }))
})
