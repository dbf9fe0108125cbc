import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterEach, describe, expect, it } from 'vitest'
import { toHex, utf8 } from '../../core/bytes.ts'
import { encodeDagCbor } from '../../repo/cbor/encode.ts'
import { importSecret } from '../../spaces/crypto.ts'
import { openCapability, sealCapability } from '../../spaces/links/capability.ts'
import { createLinkKey } from '../../spaces/links/link-key.ts'
import { createShortLink } from '../../spaces/links/link.ts'
import { linkPlace } from '../../spaces/links/place.ts'
import { sealFile } from '../../spaces/sealing/chunks.ts'
import { newSealedRkey, sealRecord } from '../../spaces/sealing/record.ts'
import { randomFrom } from '../../spaces/testing/kit.ts'
import { put } from '../../storage/space/testing/kit.ts'
import { createMailbox } from '../../sync/spaces/mailbox.ts'
import { areSame, eventually } from '../../sync/spaces/testing/nodes.ts'
import { createTestSpace, headsText, type TestReplica } from '../../sync/spaces/testing/space-world.ts'
import { realHost } from '../../net/testing/nodes.ts'
import { createLog } from '../http/log.ts'
import { createStarted, metric } from '../testing/relays.ts'
import { startDevice } from './testing/devices.ts'
import { idOf } from './testing/keeper-kit.ts'

const started = createStarted()
afterEach(() => started.close())

describe('two members who are never there together', () => {
  it('have the same space, through a relay that is started anew between them', async () => {
    const dataDir = await started.folder()
    const space = await createTestSpace('relay')
    const bob = space.device('bob')
    const relay = await started.relay({ dataDir })
    const owner = await startDevice(started, relay, space, space.owner)
    await space.role(owner.replica.log, bob, 'writer')
    await owner.replica.write([put(1, 1), put(2, 2)])
    owner.sync.changed(space.space)
    const rev = (await owner.replica.repos.head(owner.replica.repo))?.rev
    await eventually(() => owner.sync.sentRev(space.space) === rev, 'sent')
    const chunk = new Uint8Array(200_000).fill(5)
    await owner.replica.chunks.put(idOf(chunk), chunk)
    const { signal } = new AbortController()
    await owner.sync.pushChunks(space.space, [idOf(chunk)], signal)
    expect(await metric(relay, 'cairn_spaces')).toBe(1)
    expect(await metric(relay, 'cairn_space_bytes')).toBeGreaterThan(chunk.length)
    const written = await contentsOf(owner.replica)
    await owner.stop()
    await relay.close()

    const again = await started.relay({ dataDir })
    const late = await startDevice(started, again, space, bob)
    await eventually(async () => (await contentsOf(late.replica)) === written, 'what the owner wrote')
    await eventually(
      () => late.sync.peers(space.space).some((it) => it.current && it.answeredAt !== undefined),
      'met',
    )
    await late.sync.fetchChunk(space.space, idOf(chunk), signal)
    expect(late.replica.chunkRows.get(idOf(chunk))).toEqual(chunk)
    await late.replica.write([put(3, 3)])
    late.sync.changed(space.space)
    const sent = (await late.replica.repos.head(late.replica.repo))?.rev
    await eventually(() => late.sync.sentRev(space.space) === sent, 'sent back')
    await eventually(() => late.sync.peers(space.space).every((it) => it.current), 'in step')
    expect(late.sync.peers(space.space)).toMatchObject([
      { peer: again.peerId, kind: 'store', device: undefined, connected: true, error: undefined },
    ])
    expect([...owner.replica.faults, ...late.replica.faults]).toEqual([])
  })

  it('hear of each other at once when they are there together', async () => {
    const space = await createTestSpace('relay live')
    const bob = space.device('bob')
    const relay = await started.relay({ dataDir: await started.folder() })
    const owner = await startDevice(started, relay, space, space.owner)
    await space.role(owner.replica.log, bob, 'writer')
    owner.sync.changed(space.space)
    const other = await startDevice(started, relay, space, bob)
    // They know each other's epochs differently: no topic in common, so all goes through the store.
    other.replica.secret = 'another'
    other.sync.topicsChanged(space.space)
    await eventually(() => areSame([owner.replica, other.replica]), 'the log')
    for (let i = 1; i <= 5; i++) {
      await owner.replica.write([put(i, i)])
      owner.sync.changed(space.space)
      await eventually(() => areSame([owner.replica, other.replica]), `edit ${i}`)
    }
    expect(owner.sync.peers(space.space).map((it) => it.kind)).toEqual(['store'])
    expect([...owner.replica.faults, ...other.replica.faults]).toEqual([])
  })
})

describe('a member who was removed', () => {
  it('is refused and learns why: reads nothing and writes nothing at the store', async () => {
    const space = await createTestSpace('relay removed')
    const bob = space.device('bob')
    const relay = await started.relay({ dataDir: await started.folder() })
    const owner = await startDevice(started, relay, space, space.owner)
    await space.role(owner.replica.log, bob, 'writer')
    owner.sync.changed(space.space)
    const removed = await startDevice(started, relay, space, bob)
    await eventually(() => areSame([owner.replica, removed.replica]), 'both are in')
    await space.role(owner.replica.log, bob, 'none')
    await owner.replica.write([put(1, 1)])
    owner.sync.changed(space.space)
    const rev = (await owner.replica.repos.head(owner.replica.repo))?.rev
    await eventually(() => owner.sync.sentRev(space.space) === rev, 'the store has it')
    await removed.sync.look(space.space)
    await eventually(
      () => removed.sync.peers(space.space).some((it) => it.error === 'space-sync.denied'),
      'denied',
    )
    expect(await headsText(removed.replica)).toBe('')
    // It was told by which operation, and sees for itself.
    await eventually(() => !removed.replica.log.members.state().devices.has(bob.id), 'told')
    const { signal } = new AbortController()
    const chunk = new Uint8Array(10).fill(1)
    await removed.replica.chunks.put(idOf(chunk), chunk)
    await expect(removed.sync.pushChunks(space.space, [idOf(chunk)], signal)).rejects.toMatchObject({
      code: 'space-sync.no-store',
    })
  })
})

describe('a relay that takes in nothing', () => {
  it('says so: without the token, and with --no-spaces', async () => {
    const space = await createTestSpace('relay token')
    const token = 'a secret of sixteen'
    const relay = await started.relay({
      dataDir: await started.folder(),
      admission: { mode: 'token', tokens: [token] },
    })
    const stranger = await startDevice(started, relay, space, space.owner)
    await eventually(() => stranger.sync.peers(space.space).some((it) => it.error !== undefined), 'refused')
    expect(await metric(relay, 'cairn_spaces')).toBe(0)
    const friend = await startDevice(started, relay, space, space.owner, { token })
    await eventually(() => friend.sync.peers(space.space).some((it) => it.current), 'kept')
    expect(await metric(relay, 'cairn_spaces')).toBe(1)

    const off = await started.relay({ dataDir: await started.folder(), spaces: false })
    const other = await startDevice(started, off, space, space.owner)
    await eventually(() => other.sync.peers(space.space).some((it) => it.error !== undefined), 'not spoken')
  })
})

describe('what reaches a relay', () => {
  it('is nothing that it could read: no file and no line of its log has content or a secret', async () => {
    const dataDir = await started.folder()
    const lines: string[] = []
    const log = createLog({ level: 'debug', write: (line) => lines.push(line), now: Date.now })
    const space = await createTestSpace('relay sealed')
    const relay = await started.relay({ dataDir, log })
    const owner = await startDevice(started, relay, space, space.owner)
    const random = randomFrom(1)
    const secret = random(32)
    const epoch = { epoch: random(32), secret: await importSecret(new Uint8Array(secret)) }

    // A post, a file, and a join link that carries the epoch's key.
    const rkey = newSealedRkey(random)
    const content = {
      collection: 'app.cairn.space.post',
      rkey: 'marker-rkey',
      value: encodeDagCbor({ text: 'marker-text' }),
    }
    const place = { space: space.space, author: space.owner.id, rkey }
    const bytes = await sealRecord(place, epoch, content, random)
    await owner.replica.write([{ path: `app.cairn.sealed/${rkey}`, bytes }])
    owner.sync.changed(space.space)
    const rev = (await owner.replica.repos.head(owner.replica.repo))?.rev
    await eventually(() => owner.sync.sentRev(space.space) === rev, 'sent')

    const file = utf8('marker-file '.repeat(1000))
    const ids: string[] = []
    const sealing = sealFile(Readable.from([file]), { key: random(32), size: file.length, random })
    for await (const chunk of sealing) {
      ids.push(toHex(chunk.id))
      await owner.replica.chunks.put(toHex(chunk.id), new Uint8Array(chunk.bytes))
    }
    await owner.sync.pushChunks(space.space, ids, new AbortController().signal)

    const link = await createShortLink(random)
    const linkKey = createLinkKey(random)
    const capability = {
      ...{ space: space.space, root: space.root, title: 'marker-title', relays: [] },
      ...({ role: 'writer', approval: false, expires: null, key: linkKey } as const),
      epoch: { name: epoch.epoch, key: secret },
    }
    const base = `http://127.0.0.1:${relay.port}/`
    const mailbox = createMailbox({ relay: base, fetch, timers: realHost.timers })
    const [at, key] = [await linkPlace(link.id), random(32)]
    const body = await sealCapability(link, capability, random)
    await mailbox.put(at, { body, owner: key, uses: 1 })
    const fetched = await mailbox.get(at)
    if (fetched === undefined) throw new Error('nothing there')
    expect((await openCapability(link, fetched)).title).toBe('marker-title')
    await mailbox.put(placeBytes, { body: utf8('a list, sealed'), owner: key, kind: 'recovery' })
    expect(await mailbox.receipt(at, key)).toMatchObject({ fetched: 1 })
    await mailbox.revoke(at, key)
    await expect(mailbox.get(at)).rejects.toMatchObject({
      code: 'space-sync.mailbox',
      fields: { reason: 'revoked' },
    })
    await owner.stop()
    await relay.close()

    const names = await readdir(dataDir, { recursive: true, withFileTypes: true })
    const files = names.filter((it) => it.isFile())
    const contents = await Promise.all(files.map((it) => readFile(join(it.parentPath, it.name))))
    const all = Buffer.concat(contents)
    // What was brought is there, and is found by looking so.
    expect(all.includes(rkey)).toBe(true)
    expect(all.includes('a list, sealed')).toBe(true)
    for (const hidden of ['marker', 'app.cairn.space.post']) expect(all.includes(hidden)).toBe(false)
    for (const hidden of [secret, link.secret, link.id, linkKey, key])
      for (const text of [Buffer.from(hidden), Buffer.from(hidden).toString('hex')])
        expect(all.includes(text)).toBe(false)
    const told = lines.join('')
    expect(told).toContain('space.kept')
    expect(told).toContain('"route":"join"')
    for (const hidden of [space.space, 'did:key', rkey, ...ids, Buffer.from(at).toString('hex')])
      expect(told.includes(hidden)).toBe(false)
  })
})

const placeBytes = new Uint8Array(32).fill(0x5a)

/** The log and the heads of a replica, as one text. */
const contentsOf = async (replica: TestReplica): Promise<string> =>
  `${Buffer.from(replica.log.digest()).toString('hex')} ${await headsText(replica)}`
