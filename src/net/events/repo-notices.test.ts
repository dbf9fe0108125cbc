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
