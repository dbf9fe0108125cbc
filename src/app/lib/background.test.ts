import { describe, expect, it } from 'vitest'
import { syncInterval, syncTag } from '../../cairn/background-sync.ts'
import type { CairnEvent } from '../../cairn/api.ts'
import { storyNetwork } from '../testing/story-network.ts'
import { keepInBackground, type BackgroundHost } from './background.ts'

interface Options {
  readonly enabled?: boolean
  readonly granted?: boolean
  readonly tags?: string[]
  readonly registered?: boolean
}

/** A browser that notes what it was asked, and answers in its own time. */
function browser({ enabled = true, granted = true, tags = [], registered = true }: Options = {}) {
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
  const stop = keepInBackground({ network, subscribe }, host)
  return { asked, network, stop, hide: () => hide(), listeners }
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

  it('is quietly nothing without a service worker', async () => {
    const it = browser({ registered: false })
    await settled()
    it.hide()
    await settled()
    expect(it.asked).toEqual([])
  })
})
