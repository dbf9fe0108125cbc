import { expect, it } from 'vitest'
import { createHubEventTarget } from './hub.ts'
import { keepSpoke } from './keep-spoke.ts'
import { EVENTS_PROTOCOL } from './model.ts'
import {
  createRepoNotices,
  publishRepoChange,
  type RepoEvents,
  repoGaps,
  repoShapes,
} from './repo-notices.ts'
import { createChannelKit, until } from './testing/channel-kit.ts'

const [ALICE, BOB] = ['did:plc:alice', 'did:web:bob.example']
const REV = '3lmztkjyh2k2a'

it('a follower hears of new heads of the repos it follows, and which may have passed it by', async () => {
  const { host, network, pass } = createChannelKit()
  const hub = createHubEventTarget<RepoEvents>({ host })
  network.node('h').handle(EVENTS_PROTOCOL, hub.accept)
  const unknown: string[] = []
  const heard: unknown[] = []
  let isWaiting = false
  const spoke = keepSpoke<RepoEvents>({
    host,
    net: network.node('s'),
    hub: 'h',
    shapes: repoShapes,
    onState: (state) => (isWaiting = state.is === 'waiting'),
    ...repoGaps((repo) => unknown.push(repo)),
  })
  const notices = createRepoNotices(spoke, { onChanged: (change) => heard.push(change) })
  const topics = (): readonly string[] => hub.spokes()[0]?.topics ?? []
  notices.watch([ALICE, BOB])
  await until(() => topics().length === 2)
  publishRepoChange(hub, ALICE, REV)
  publishRepoChange(hub, 'did:plc:carol', REV)
  await until(() => heard.length === 1)
  expect(heard).toEqual([{ repo: ALICE, rev: REV, peer: 'h' }])

  // What is not a head reaches nobody: no rev, or one of another repo.
  publishRepoChange(hub, ALICE, 'soon')
  const detail = { type: 'repo.changed' as const, id: ALICE, payload: { repo: BOB, rev: REV } }
  hub.dispatchEvent(new CustomEvent(`repo.changed:${ALICE}`, { detail }))
  publishRepoChange(hub, BOB, REV)
  await until(() => heard.length > 1)
  expect(heard.slice(1)).toEqual([{ repo: BOB, rev: REV, peer: 'h' }])

  notices.watch([BOB])
  await until(() => topics().length === 1)
  expect(topics()).toEqual([`repo.changed:${BOB}`])

  network.cut('s')
  await until(() => isWaiting)
  publishRepoChange(hub, BOB, REV)
  network.mend('s')
  pass(1000)
  await until(() => unknown.length === 1)
  expect(unknown).toEqual([BOB])
  notices.close()
  await spoke.close()
  await hub.close()
})

it('what leads to a head comes along, and is none where it is of another form', async () => {
  const { host, network } = createChannelKit()
  const hub = createHubEventTarget<RepoEvents>({ host })
  network.node('h').handle(EVENTS_PROTOCOL, hub.accept)
  const heard: unknown[] = []
  const spoke = keepSpoke<RepoEvents>({ host, net: network.node('s'), hub: 'h', shapes: repoShapes })
  const notices = createRepoNotices(spoke, { onChanged: (change) => heard.push(change) })
  notices.watch([ALICE])
  await until(() => hub.spokes()[0]?.topics.length === 1)
  const list = { after: 'bafyhead', pack: Uint8Array.of(0, 1, 254, 255, 7) }
  publishRepoChange(hub, ALICE, REV, list)
  await until(() => heard.length === 1)
  expect(heard.pop()).toEqual({ repo: ALICE, rev: REV, list, peer: 'h' })

  const wrong: unknown[] = [
    ...[7, 'list', null, [], {}, { after: 'bafyhead' }, { pack: '' }, { after: 7, pack: 'AAE=' }],
    // The last has bits that stand for nothing.
    ...['A', 'AAE', '####', 'AAE=\n', ' AAE=', 'A'.repeat(40_000), 'AAF='].map((pack) => ({
      after: 'bafyhead',
      pack,
    })),
    { after: 'b'.repeat(200), pack: 'AAE=' },
  ]
  for (const one of wrong) {
    // What a peer sends need not be what the type says.
    const payload = { repo: ALICE, rev: REV, list: one } as RepoEvents['repo.changed']
    const detail = { type: 'repo.changed' as const, id: ALICE, payload }
    hub.dispatchEvent(new CustomEvent(`repo.changed:${ALICE}`, { detail }))
    await until(() => heard.length === 1)
    expect(heard.pop()).toEqual({ repo: ALICE, rev: REV, peer: 'h' })
  }
  notices.close()
  await spoke.close()
})
