import { afterEach, describe, expect, it } from 'vitest'
import { put } from '../../storage/space/testing/kit.ts'
import { areSame, eventually } from '../../sync/spaces/testing/nodes.ts'
import { createTestSpace } from '../../sync/spaces/testing/space-world.ts'
import { createStarted, metric } from '../testing/relays.ts'
import { startDevice } from './testing/devices.ts'

const started = createStarted()
afterEach(() => started.close())

describe('a space that is deleted at a relay', () => {
  it.each(['owner', 'authority'] as const)('goes with all of it, by the %s and nobody else', async (who) => {
    const space = await createTestSpace(`relay delete ${who}`)
    const bob = space.device('bob')
    const relay = await started.relay({ dataDir: await started.folder() })
    const owner = await startDevice(started, relay, space, space.owner)
    await space.role(owner.replica.log, bob, 'writer')
    await owner.replica.write([put(1, 1)])
    owner.sync.changed(space.space)
    const writer = await startDevice(started, relay, space, bob)
    await eventually(() => areSame([owner.replica, writer.replica]), 'both have it')
    for (const { sync } of [owner, writer]) await sync.leave(space.space)

    const { signal } = new AbortController()
    const refused = await writer.sync.forgetAtStores(writer.replica, signal)
    expect(refused).toEqual([{ store: relay.peerId, error: 'space-sync.denied' }])
    expect(await metric(relay, 'cairn_spaces')).toBe(1)
    const key = space.device(who)
    const prove = async (bytes: Uint8Array) => ({ key: key.id, sig: key.key.sign(bytes) })
    const by = who === 'owner' ? owner.replica : { space: space.space, prove }
    expect(await owner.sync.forgetAtStores(by, signal)).toEqual([{ store: relay.peerId, error: undefined }])
    expect(await metric(relay, 'cairn_spaces')).toBe(0)
    expect(await metric(relay, 'cairn_space_bytes')).toBe(0)
    // Once more: it is not there, which is what was wanted.
    expect(await owner.sync.forgetAtStores(by, signal)).toEqual([{ store: relay.peerId, error: undefined }])
  })
})
