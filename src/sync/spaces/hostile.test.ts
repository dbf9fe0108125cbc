import { describe, expect, it } from 'vitest'
import { hasCode } from '../../core/errors.ts'
import { formatTid } from '../../core/tid.ts'
import { createFrameReader, writeFrame } from '../../net/frames.ts'
import { decodeMessage, writeMessage } from '../../net/messages.ts'
import type { ByteStream, Net } from '../../net/net.ts'
import { createPrng } from '../../repo/testing/prng.ts'
import { formatSpaceRepo } from '../../repo/space/uri.ts'
import { contentOf, put, recordOf } from '../../storage/space/testing/kit.ts'
import { CHUNKS_PROTOCOL } from './chunk-protocol.ts'
import { openSpace } from './client.ts'
import type { SpaceReplica } from './model.ts'
import { proofBytes } from './proof.ts'
import { challengeShape, MAX_MESSAGE_BYTES, refusalShape, SPACE_PROTOCOL } from './protocol.ts'
import { SPACE_LIMITS } from './serve-model.ts'
import { areSame, eventually, withSpaceWorld } from './testing/nodes.ts'
import { createTestReplica, testHost } from './testing/space-world.ts'

/** Speaks the protocol by hand. */
async function dial(
  net: Net,
  peer: string,
): Promise<{
  readonly stream: ByteStream
  say(message: unknown): Promise<void>
  hear(): Promise<Uint8Array>
  refusal(): Promise<string>
}> {
  const stream = await net.open(peer, SPACE_PROTOCOL)
  const frames = createFrameReader(stream)
  const hear = (): Promise<Uint8Array> => frames.expect(MAX_MESSAGE_BYTES)
  return {
    stream,
    say: (message) => writeMessage(stream, message),
    hear,
    refusal: async () => decodeMessage(await hear(), refusalShape, peer).refused,
  }
}

const NONCE = new Uint8Array(32).fill(7)

describe('who may not read', () => {
  it('learns nothing of a space by asking without a proof, with a bad one, or with another’s', () =>
    withSpaceWorld(async ({ world, space, member }) => {
      await member('a', space.owner)
      const mallory = world.network.node('mallory')
      const eve = space.device('eve')
      const line = await dial(mallory, 'a')
      const rest = [
        { type: 'log', digest: NONCE, have: new Uint8Array(), cards: new Uint8Array() },
        { type: 'give', operations: [], cards: [] },
        { type: 'heads', bits: 0, digests: new Uint8Array(16) },
        { type: 'offer', repos: [] },
        { type: 'keep', root: NONCE },
        { type: 'prove', key: eve.id, sig: new Uint8Array(64) },
      ]
      for (const request of rest) {
        await line.say(request)
        expect(await line.refusal(), request.type).toBe('not-proven')
      }
      // Kept or not, the beginning is the same, and so is the end of who has no role.
      for (const name of [space.space, space.space.replace('main', 'other')]) {
        await line.say({ type: 'hello', space: name, nonce: NONCE })
        const { nonce } = decodeMessage(await line.hear(), challengeShape, 'a')
        const handshake = {
          space: name,
          asker: 'mallory',
          server: 'a',
          askerNonce: NONCE,
          serverNonce: nonce,
        }
        await line.say({ type: 'prove', key: eve.id, sig: eve.key.sign(proofBytes('asker', handshake)) })
        expect(await line.refusal()).toBe('not-kept')
        await line.say({ type: 'heads', bits: 0, digests: new Uint8Array(16) })
        expect(await line.refusal()).toBe('not-kept')
      }
      // The owner's proof, made for a talk with mallory, is none for one that mallory has with a.
      await line.say({ type: 'hello', space: space.space, nonce: NONCE })
      const { nonce } = decodeMessage(await line.hear(), challengeShape, 'a')
      const elsewhere = {
        ...{ space: space.space, asker: 'owner', server: 'mallory' },
        ...{ askerNonce: NONCE, serverNonce: nonce },
      }
      const stolen = space.owner.key.sign(proofBytes('asker', elsewhere))
      await line.say({ type: 'prove', key: space.owner.id, sig: stolen })
      expect(await line.refusal()).toBe('bad-proof')
      // A handshake is for one proof.
      const right = space.owner.key.sign(proofBytes('asker', { ...elsewhere, asker: 'mallory', server: 'a' }))
      await line.say({ type: 'prove', key: space.owner.id, sig: right })
      expect(await line.refusal()).toBe('not-proven')
    }))

  it('is let go after some bad proofs, and after bytes that are no messages; others are served on', () =>
    withSpaceWorld(async ({ world, space, member }) => {
      const a = await member('a', space.owner)
      const mallory = world.network.node('mallory')
      const line = await dial(mallory, 'a')
      for (let i = 0; i <= SPACE_LIMITS.badProofs; i++) {
        await line.say({ type: 'hello', space: space.space, nonce: NONCE })
        await line.hear()
        await line.say({ type: 'prove', key: space.owner.id, sig: new Uint8Array(64) })
        expect(await line.refusal()).toBe('bad-proof')
      }
      expect(await line.stream.read()).toBeUndefined()

      const prng = createPrng('garbage')
      for (const protocol of [SPACE_PROTOCOL, CHUNKS_PROTOCOL]) {
        for (let i = 0; i < 40; i++) {
          const stream = await mallory.open('a', protocol)
          const bytes = prng.bytes(1 + ((i * 37) % 900))
          await (i % 2 === 0 ? stream.write(bytes) : writeFrame(stream, bytes))
          await stream.closeWrite()
          // Whatever it is answered, it ends.
          for (;;) if ((await stream.read().catch(() => undefined)) === undefined) break
        }
        // Longer than any message.
        const stream = await mallory.open('a', protocol)
        await stream.write(Uint8Array.of(0xff, 0xff, 0xff, 0x7f))
        await expect(stream.read()).rejects.toMatchObject({ code: 'net.reset' })
      }
      const bob = space.device('bob')
      await space.role(a.replica.log, bob, 'writer')
      const b = await member('b', bob)
      await eventually(() => areSame([a.replica, b.replica]), 'a goes on')
    }))

  it('cannot have more streams than one peer may', () =>
    withSpaceWorld(async ({ world, space, member }) => {
      await member('a', space.owner)
      const mallory = world.network.node('mallory')
      const lines = []
      for (let i = 0; i < SPACE_LIMITS.perPeer; i++) lines.push(await dial(mallory, 'a'))
      const [first] = lines
      // Each has been heard: it holds its place.
      for (const it of lines) {
        await it.say({ type: 'hello', space: space.space, nonce: NONCE })
        await it.hear()
      }
      const more = await dial(mallory, 'a')
      expect(await more.refusal()).toBe('too-many')
      first?.stream.abort()
    }))
})

describe('a member who lies', () => {
  it('about itself is no member: its answer must be signed by the device that it says it is', () =>
    withSpaceWorld(async ({ world, space, member }) => {
      await member('a', space.owner)
      const [mallory, me] = [world.network.node('mallory'), world.network.node('me')]
      mallory.handle(SPACE_PROTOCOL, async (stream) => {
        const frames = createFrameReader(stream)
        await frames.expect(MAX_MESSAGE_BYTES)
        await writeMessage(stream, { nonce: NONCE })
        await frames.expect(MAX_MESSAGE_BYTES)
        const told = { root: NONCE, digest: NONCE, store: false, key: space.owner.id }
        await writeMessage(stream, { ...told, sig: space.device('eve').key.sign(NONCE) })
      })
      const prove: NonNullable<SpaceReplica['prove']> = async (bytes) => ({
        key: space.owner.id,
        sig: space.owner.key.sign(bytes),
      })
      const client = await openSpace(me, 'mallory', { space: space.space, prove }, testHost)
      await expect(client.hello()).rejects.toMatchObject({ code: 'space-sync.stranger' })
      client.close()
      // The true one is believed.
      const line = await openSpace(me, 'a', { space: space.space, prove }, testHost)
      expect((await line.hello()).key).toBe(space.owner.id)
      line.close()
    }))

  it('about records is named, its head is not taken, and it is left alone; others give the truth', () =>
    withSpaceWorld(async ({ space, member }) => {
      const a = await member('a', space.owner)
      const [bob, liar] = [space.device('bob'), space.device('liar')]
      await space.role(a.replica.log, bob, 'writer')
      await space.role(a.replica.log, liar, 'writer')
      const l = await member('liar', liar)
      await eventually(() => areSame([a.replica, l.replica]), 'the liar knows all')
      await a.replica.write([put(1, 1), put(2, 2)])
      await a.sync.leave(space.space)
      await l.replica.repos.apply(a.replica.repo, {
        commit: (await a.replica.repos.head(a.replica.repo))?.commit ?? expect.fail(),
        changes: [put(1, 1), put(2, 2)],
        from: 'a',
      })
      const { since, page } = l.replica.repos
      l.replica.repos.since = async (...asked) => {
        const told = await since(...asked)
        if (told === undefined || typeof told === 'string') return told
        return { ...told, changes: told.changes.map((it) => ({ ...it, bytes: recordOf(666) })) }
      }
      l.replica.repos.page = async (...asked) => {
        const told = await page(...asked)
        return { ...told, records: told.records.slice(1) }
      }
      const b = await member('b', bob)
      await eventually(() => b.replica.faults.length > 0, 'found out')
      await eventually(() => b.sync.peers(space.space).some((it) => it.error !== undefined), 'left alone')
      expect(b.replica.faults).toMatchObject([
        { code: 'space.hash-mismatch', peer: 'liar', fields: { repo: a.replica.repo } },
      ])
      expect(await b.replica.repos.head(a.replica.repo)).toBeUndefined()
      expect(b.replica.offered.get('liar')?.has(space.owner.id)).toBe(true)
      // It is not asked again by and by, whoever looks.
      await b.sync.look(space.space)
      expect(b.replica.faults).toHaveLength(1)

      a.sync.join(a.replica)
      const held = async () => contentOf(b.replica.repos, a.replica.repo)
      await eventually(async () => Object.keys(await held()).length === 2, 'the author gives it')
      expect(await held()).toEqual(await contentOf(a.replica.repos, a.replica.repo))
    }))

  it('and gives operations that are none is told of, and what it keeps to itself is not its fault alone', () =>
    withSpaceWorld(async ({ space, member, store }) => {
      const kept = await store('store')
      const a = await member('a', space.owner)
      await eventually(() => kept.replicas.has(space.space), 'kept')
      const there = kept.replicas.get(space.space) ?? expect.fail()
      const genuine = there.log.after
      const { operation } = there.log
      const forged = new Uint8Array(200).fill(9)
      Object.assign(there.log, {
        digest: () => new Uint8Array(32).fill(1),
        after: (heads: readonly string[]) => [...genuine(heads), 'forged'],
        operation: (cid: string) => (cid === 'forged' ? forged : operation(cid)),
      })
      await a.sync.look(space.space)
      await eventually(() => a.replica.faults.length > 0, 'told')
      expect(a.replica.faults[0]).toMatchObject({ code: 'space-sync.bad-log', peer: 'store' })
      expect(a.sync.peers(space.space)).toMatchObject([{ peer: 'store', error: 'space-sync.bad-log' }])
      expect(a.replica.log.after([])).toEqual([space.root])
    }))

  it('gives no commit of a reader, and none whose author names members that nobody has', () =>
    withSpaceWorld(async ({ space, member }) => {
      const a = await member('a', space.owner)
      const reader = space.device('reader')
      await space.role(a.replica.log, reader, 'reader')
      const r = await member('reader', reader)
      await eventually(() => areSame([a.replica, r.replica]), 'the reader is in')
      // Its own replica lets it write.
      const own = await createTestReplica(r.storage, space, reader)
      await expect(own.write([put(5, 5)])).rejects.toSatisfy((it) => hasCode(it, 'space.not-allowed'))
      const judge = r.replica.log.members
      Object.assign(judge, { mayWrite: () => true })
      await r.replica.write([put(5, 5)])
      r.sync.changed(space.space)
      await eventually(async () => {
        await a.sync.look(space.space)
        return a.replica.offered.get('reader')?.has(reader.id) === true
      }, 'offered')
      const repo = formatSpaceRepo({ space: space.space, author: reader.id })
      expect(await a.replica.repos.head(repo)).toBeUndefined()
      // Nobody is blamed, and the round went well.
      expect(a.replica.faults).toEqual([])
      expect(a.sync.peers(space.space)).toMatchObject([{ peer: 'reader', error: undefined }])
    }))

  it('and tells of heads that it has not is heard no more after some', () =>
    withSpaceWorld(async ({ space, member }) => {
      const a = await member('a', space.owner)
      const wolf = space.device('wolf')
      await space.role(a.replica.log, wolf, 'writer')
      const w = await member('wolf', wolf)
      await eventually(() => areSame([a.replica, w.replica]), 'the wolf is in')
      await w.replica.write([put(1, 1)])
      w.sync.changed(space.space)
      await eventually(() => areSame([a.replica, w.replica]), 'met')
      await eventually(() => w.sync.sentRev(space.space) !== undefined, 'in step')
      const { take } = a.replica.repos
      let asked = 0
      const { get } = take
      Object.assign(take, { get: (repo: string) => (asked++, get(repo)) })
      // Its own head is always a little newer than what it gives.
      const { head } = w.replica.repos
      let cries = 0
      w.replica.repos.head = async (repo) => {
        const row = await head(repo)
        return row && { ...row, rev: formatTid(1_800_000_000_000_000 + ++cries, 0) }
      }
      let told = 0
      const cry = async (): Promise<void> => {
        told++
        w.sync.changed(space.space)
        // As long as a round takes, and longer.
        for (let i = 0; i < 40; i++) await new Promise((resolve) => setImmediate(resolve))
      }
      while (asked < 8 && told < 400) await cry()
      expect(asked).toBeGreaterThan(0)
      for (let i = 0; i < 30; i++) await cry()
      const before = asked
      for (let i = 0; i < 30; i++) await cry()
      expect(asked).toBe(before)
      expect(await areSame([a.replica, { ...w.replica, repos: { ...w.replica.repos, head } }])).toBe(true)
    }))
})
