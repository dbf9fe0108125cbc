import { expect, it } from 'vitest'
import { put } from '../../storage/space/testing/kit.ts'
import { snapshotKey } from '../../storage/rows.ts'
import { digestSources } from '../../sync/spaces/digest-sources.ts'
import { createSpaceDigests } from '../../sync/spaces/digests.ts'
import { bring, keepFor, withKeeper } from './testing/keeper-kit.ts'
import { foundGroup } from './testing/member-kit.ts'

const DID = 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa'
const commit = 'bafyreiclp443lavogvhj3d2ob2cxbfuscni2k5jk7bebjzg7khl3esabwq'

it('tells heads of public repos to anyone, and of spaces to who may read them', () =>
  withKeeper(async ({ open, storage }) => {
    const { keeper } = await open()
    const repos = await storage()
    const group = await foundGroup(await storage(), 'a')
    await group.write([put(1, 1)])
    await keepFor(keeper, group)
    await bring(keeper, group)
    const { space } = group.log
    await repos.write([
      { type: 'put', table: 'repos', key: DID, value: { did: DID, head: 'a' } },
      {
        type: 'put',
        table: 'snapshots',
        key: snapshotKey(DID, 'a'),
        value: { id: 'a', did: DID, rev: '3lbq5mh2ui22a', commitCid: commit },
      },
    ])
    const proven = new Set(['member'])
    const mayRead = (peer: string): boolean => proven.has(peer)
    const sources = digestSources(repos, createSpaceDigests(keeper.find, { mayRead }))
    const ids = [group.repo, DID]
    const reads = (peer: string) => Promise.all(ids.map(async (id) => sources.mayRead(peer, id)))
    expect(await reads('stranger')).toEqual([false, true])
    expect(await reads('member')).toEqual([true, true])
    const head = await group.repos.head(group.repo)
    expect(await sources.headsOf(ids)).toMatchObject([
      { id: group.repo, rev: head?.rev, commit: head?.cid },
      { id: DID, rev: '3lbq5mh2ui22a', commit },
    ])
    expect(await sources.membersOf(space, 'member')).toEqual([group.repo])
    expect(await sources.membersOf(space, 'stranger')).toBeUndefined()
  }))
