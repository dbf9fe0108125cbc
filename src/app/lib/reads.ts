import type { CairnEvent, RepoSummary, Settings, SnapshotSummary, StorageStatus } from '../../cairn/api.ts'
import { useLive, type Live } from './live.ts'

/** The reads that several screens share. */

const aboutRepos = (event: CairnEvent) => event.type === 'repos' || event.type === 'repo'

export function useRepos(): Live<readonly RepoSummary[]> {
  return useLive('repos', (cairn) => cairn.library.list(), aboutRepos)
}

export const aboutRepo = (did: string) => (event: CairnEvent) =>
  event.type === 'repos' || (event.type === 'repo' && event.did === did)

/** null: there is no such repo on this device. */
export function useRepo(did: string): Live<RepoSummary | null> {
  return useLive(`repo ${did}`, async (cairn) => (await cairn.library.get(did)) ?? null, aboutRepo(did))
}

/** The head first, then by when they were taken, newest first: an old file opened today is no new head. */
export function useSnapshots({ did, head }: RepoSummary): Live<readonly SnapshotSummary[]> {
  return useLive(
    `snapshots ${did} ${head?.id}`,
    async (cairn) => {
      const rank = (snapshot: SnapshotSummary) => (snapshot.id === head?.id ? Infinity : snapshot.takenAt)
      return [...(await cairn.library.snapshots(did))].sort((a, b) => rank(b) - rank(a))
    },
    aboutRepo(did),
  )
}

export function useSettings(): Live<Settings> {
  return useLive(
    'settings',
    (cairn) => cairn.device.settings(),
    (event) => event.type === 'settings',
  )
}

export function useStorage(): Live<StorageStatus> {
  return useLive('storage', (cairn) => cairn.device.storage(), aboutRepos)
}
