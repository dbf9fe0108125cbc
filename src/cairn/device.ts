import type { RepoRow } from '../storage/rows.ts'
import type { Device, StorageStatus } from './api.ts'
import type { CairnHost } from './host.ts'
import { readSettings, writeSettings } from './settings.ts'
import type { Summaries } from './summaries.ts'

const ASKED = 'persist-asked'

/** This device: what it stores, for how long, and how Cairn behaves on it. */
export function createDevice(input: {
  readonly host: CairnHost
  readonly summaries: Summaries
  readonly onSettings: () => void
  readonly onPersistWanted: () => void
  /** stops everything that uses the storage */
  readonly stop: () => Promise<void>
}): Device & { askToPersist(): Promise<void> } {
  const { host, summaries } = input
  const { storage, persistence } = host
  let isAsked = false

  const why = async (persistent: boolean): Promise<StorageStatus['why']> => {
    if (!persistence.supported) return 'unsupported'
    if (persistent) return 'granted'
    return (await storage.get('meta', ASKED)) === undefined ? 'not-asked' : 'refused'
  }

  return {
    async storage() {
      const [estimate, persistent, rows] = await Promise.all([
        storage.estimate(),
        persistence.persisted(),
        storage.list('repos'),
      ])
      const repos = rows.map(async ({ value }) => {
        const { did } = value as RepoRow
        return { did, bytes: await summaries.storedBytes(did) }
      })
      return { ...estimate, persistent, why: await why(persistent), repos: await Promise.all(repos) }
    },
    settings: () => readSettings(storage),
    async setSettings(change) {
      const settings = await writeSettings(storage, change)
      input.onSettings()
      return settings
    },
    async wipe() {
      await input.stop()
      await storage.destroy()
    },
    async askToPersist() {
      if (!persistence.supported || isAsked) return
      // With each change of a repo, so it is looked up once.
      isAsked = true
      try {
        if (await persistence.persisted()) return
        if ((await storage.get('meta', ASKED)) === undefined) input.onPersistWanted()
      } catch (error) {
        isAsked = false
        throw error
      }
    },
    async persistAsked() {
      await storage.write([{ type: 'put', table: 'meta', key: ASKED, value: host.clock.now() }])
    },
  }
}
