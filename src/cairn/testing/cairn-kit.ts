import type { Storage } from '../../storage/port.ts'
import { withLevel } from '../../storage/testing/node-host.ts'
import { type LocalPds, startLocalPds } from '../../sync/testing/local-pds.ts'
import { createSyncKit } from '../../sync/testing/sync-kit.ts'
import type { TestTimers } from '../../sync/testing/timers.ts'
import type { Cairn, CairnEvent, Job, Settings } from '../api.ts'
import { createCairn } from '../create.ts'
import type { CairnHost, Siblings } from '../host.ts'

/** A Cairn of a tab, and what it has told. */
export interface Tab {
  readonly cairn: Cairn
  readonly host: CairnHost
  readonly events: CairnEvent[]
  /** Resolves when the condition holds; it is asked again after each event. */
  until(condition: () => boolean | Promise<boolean>): Promise<void>
  /** Resolves with the job as it ended. */
  ended(job: Job | Promise<Job>): Promise<Job>
  /** Starts a backup and waits until it, what follows it, and the index have ended. */
  backUp(name: string): Promise<Job>
  /** Resolves when no job is active and no index is being built. */
  idle(): Promise<void>
}

export interface CairnKit extends Tab {
  readonly storage: Storage
  readonly directory: string
  readonly pds: LocalPds
  readonly timers: TestTimers
  /** what the browser says when asked whether it keeps the storage for good */
  readonly browser: { supported: boolean; persisted: boolean }
  /** Another tab on the same storage. */
  openTab(): Tab
}

/** A device with a real disk and a server beside it. Blobs are not fetched unless `settings` say so. */
export async function withCairn(
  use: (kit: CairnKit) => Promise<void>,
  settings: Partial<Settings> = {},
): Promise<void> {
  const pds = await startLocalPds()
  try {
    await withLevel(async (storage, directory) => {
      const { host, timers } = createSyncKit(storage, pds)
      const browser = { supported: true, persisted: false }
      const bus = createBus()
      const tabs: Tab[] = []
      const openTab = (): Tab => {
        const persistence = {
          get supported() {
            return browser.supported
          },
          persisted: async () => browser.persisted,
        }
        const tab = openOn({ ...host, siblings: bus(), persistence }, timers)
        tabs.push(tab)
        return tab
      }
      const first = openTab()
      await first.cairn.device.setSettings({ endpoints: pds.endpoints, blobs: false, ...settings })
      try {
        await use({ ...first, storage, directory, pds, timers, browser, openTab })
      } finally {
        for (const tab of tabs) await tab.cairn.close().catch(() => {})
      }
    })
  } finally {
    await pds.close()
  }
}

function openOn(host: CairnHost, timers: TestTimers): Tab {
  const cairn = createCairn(host)
  const events: CairnEvent[] = []
  const waiting = new Set<() => void>()
  cairn.subscribe((event) => {
    events.push(event)
    for (const wake of waiting) wake()
  })
  const tab: Tab = {
    cairn,
    host,
    events,
    async until(condition) {
      for (;;) {
        const told = Promise.withResolvers<void>()
        waiting.add(told.resolve)
        try {
          if (await condition()) return
          await told.promise
        } finally {
          waiting.delete(told.resolve)
        }
      }
    },
    async ended(job) {
      const { id } = await job
      let last: Job | undefined
      await tab.until(async () => {
        last = (await cairn.activity.jobs()).find((it) => it.id === id)
        return last?.endedAt !== undefined
      })
      if (last === undefined) throw new Error('a job that never was')
      return last
    },
    async idle() {
      await tab.until(async () => {
        if (!(await cairn.activity.jobs()).every((it) => it.endedAt !== undefined)) return false
        return (await cairn.library.search({ text: 'x', limit: 1 })).building.length === 0
      })
    },
    async backUp(name) {
      timers.pass(1000)
      const job = await tab.ended(cairn.library.backup(name))
      await tab.idle()
      return job
    },
  }
  return tab
}

/** Tabs of one browser hear each other, and not themselves. */
function createBus(): () => Siblings {
  const all = new Set<{ tab: object; listener: (event: CairnEvent) => void }>()
  return () => {
    const tab = {}
    return {
      send(event) {
        for (const it of all) if (it.tab !== tab) it.listener(structuredClone(event))
      },
      listen(listener) {
        const entry = { tab, listener }
        all.add(entry)
        return () => all.delete(entry)
      },
    }
  }
}
