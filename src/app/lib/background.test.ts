import { describe, expect, it } from 'vitest'
import { syncInterval, syncTag } from '../../cairn/background-sync.ts'
import type { Cairn, CairnEvent } from '../../cairn/api.ts'
import { storyNetwork } from '../testing/story-network.ts'
import { keepInBackground, type BackgroundHost } from './background.ts'

interface Options {
  readonly enabled?: boolean
  readonly granted?: boolean
  readonly tags?: string[]
  readonly registered?: boolean
  readonly offline?: boolean
  readonly unsent?: number
}

/** A browser that notes what it was asked, and answers in its own time. */
function browser({ enabled = true, granted = true, tags = [], registered = true, ...more }: Options = {}) {
  const asked: string[] = []
  const listeners = new Set<(event: CairnEvent) => void>()
  let hide = (): void => {}
  const network = storyNetwork(
    (_, value) => async () => value,
    (event) => listeners.forEach((listener) => listener(event)),
    { settings: { enabled } },
  )
  const host: BackgroundHost = {
    registration: async () =>
      registered
        ? {
            sync: { register: async (tag) => void asked.push(`once ${tag}`) },
            periodicSync: {
              register: async (tag, { minInterval }) => void asked.push(`every ${minInterval} ${tag}`),
              unregister: async (tag) => void asked.push(`no more ${tag}`),
              getTags: async () => tags,
            },
          }
        : undefined,
    mayRunPeriodically: async () => granted,
    isOffline: () => more.offline === true,
    onHidden(listener) {
      hide = listener
      return () => {
        hide = () => {}
      }
    },
  }
  const subscribe = (listener: (event: CairnEvent) => void) => {
    listeners.add(listener)
    return () => void listeners.delete(listener)
  }
  const counts = async () =>
    more.unsent === undefined ? [] : [{ did: 'did:plc:me', drafts: more.unsent, stuck: 0 }]
  // of this room nothing else is asked
  const writing = { counts } as unknown as Cairn['writing']
  const stop = keepInBackground({ network, subscribe, writing }, host)
  const drafts = (): void => listeners.forEach((listener) => listener({ type: 'drafts', did: 'did:plc:me' }))
  return { asked, network, stop, drafts, hide: () => hide(), listeners }
}

/** Everything that was begun has had its turn: all of it resolves without waiting for anything. */
const settled = () => new Promise((resolve) => setTimeout(resolve))

describe('sync in the background', () => {
  it('is asked for once when the page is left, and now and then where the browser may', async () => {
    const it = browser()
    await settled()
    expect(it.asked).toEqual([`every ${syncInterval} ${syncTag}`])
    it.hide()
    await settled()
    expect(it.asked.slice(1)).toEqual([`once ${syncTag}`])
    it.stop()
    expect(it.listeners.size).toBe(0)
  })

  it('is not asked for periodically when it is not granted, or was asked before', async () => {
    for (const options of [{ granted: false }, { tags: [syncTag] }]) {
      const it = browser(options)
      await settled()
      expect(it.asked).toEqual([])
    }
  })

  it('follows the switch', async () => {
    const it = browser({ enabled: false, tags: [syncTag] })
    await settled()
    expect(it.asked).toEqual([`no more ${syncTag}`])
    it.hide()
    await settled()
    expect(it.asked).toHaveLength(1)
    await it.network.setSettings({ enabled: true })
    await settled()
    it.hide()
    await settled()
    expect(it.asked).toContain(`once ${syncTag}`)
  })

  it('is asked for at once when something is written that cannot go now', async () => {
    const asks = async (options: Options): Promise<string[]> => {
      const it = browser({ tags: [syncTag], ...options })
      await settled()
      it.drafts()
      await settled()
      return it.asked.filter((asked) => asked.startsWith('once'))
    }
    expect(await asks({ offline: true, unsent: 1 })).toEqual([`once ${syncTag}`])
    expect(await asks({ offline: true })).toEqual([])
    expect(await asks({ offline: false, unsent: 1 })).toEqual([])
    expect(await asks({ offline: true, unsent: 1, enabled: false })).toEqual([])
  })

  it('is quietly nothing without a service worker', async () => {
    const it = browser({ registered: false })
    await settled()
    it.hide()
    await settled()
    expect(it.asked).toEqual([])
  })
})
