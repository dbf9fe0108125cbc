import { describe, expect, it } from 'vitest'
import { createHubEventTarget, type HubOptions } from './hub.ts'
import { keepSpoke, type SpokeState } from './keep-spoke.ts'
import { EVENTS_PROTOCOL, type Received } from './model.ts'
import { createPubSub } from './pubsub.ts'
import type { Gap } from './spoke.ts'
import { createChannelKit, until } from './testing/channel-kit.ts'

type Events = { news: number }

function setUp(options: Partial<HubOptions<Events>> = {}) {
  const kit = createChannelKit()
  const net = kit.network.node('h')
  const startHub = () => {
    const hub = createHubEventTarget<Events>({ host: kit.host, ...options })
    net.handle(EVENTS_PROTOCOL, hub.accept)
    return { hub, publish: createPubSub<Events>({ eventTarget: hub }).publish }
  }
  const states: SpokeState[] = []
  const gaps: Gap[] = []
  const heard: Received[] = []
  const acknowledged: string[] = []
  const startSpoke = () => {
    const spoke = keepSpoke<Events>({
      host: kit.host,
      net: kit.network.node('s'),
      hub: 'h',
      register: { name: 'laptop', spokeType: 'client' },
      onState: (state) => states.push(state),
      onGap: (gap) => gaps.push(gap),
      onSubscribed: ({ id }) => acknowledged.push(id),
    })
    const listen = (id: string): void =>
      spoke.addEventListener(`news:${id}`, ({ detail }) => heard.push(detail))
    return { spoke, listen }
  }
  const is = (state: SpokeState['is']) => () => states.at(-1)?.is === state
  /** its pause after so many tries */
  const paused = async (tries: number): Promise<number> => {
    await until(() => is('waiting')() && states.filter((it) => it.is === 'waiting').length === tries)
    return kit.pending()[0] ?? 0
  }
  return { ...kit, net, paused, startHub, startSpoke, states, gaps, heard, acknowledged, is }
}

describe('a kept spoke', () => {
  it('registers and subscribes on connect, and again when it is back, told of the gap', async () => {
    const { startHub, startSpoke, network, heard, gaps, acknowledged, is, pass } = setUp()
    const { hub, publish } = startHub()
    const { spoke, listen } = startSpoke()
    for (const id of ['x', 'y', 'z']) listen(id)
    await until(() => acknowledged.length === 3 && is('connected')())
    expect(hub.spokes()).toMatchObject([
      {
        peer: 's',
        registration: { name: 'laptop', spokeType: 'client', operations: [] },
        topics: ['news:x', 'news:y', 'news:z'],
      },
    ])
    publish('news', 'x', 1)
    await until(() => heard.length === 1)

    network.cut('s')
    await until(() => is('waiting')() && hub.spokes().length === 0)
    publish('news', 'y', 2)
    publish('news', 'y', 3)
    publish('news', 'other', 4)
    listen('w')
    network.mend('s')
    pass(1000)
    await until(() => acknowledged.length === 7)
    expect(gaps).toEqual([{ type: 'news', id: 'y', after: 1, until: 4 }])
    expect(hub.spokes()).toMatchObject([
      { registration: { name: 'laptop' }, topics: ['news:x', 'news:y', 'news:z', 'news:w'] },
    ])
    publish('news', 'y', 5)
    await until(() => heard.length === 2)
    expect(heard[1]).toEqual({ type: 'news', id: 'y', payload: 5, peer: 'h', seq: 5 })
    await spoke.close()
    expect(is('closed')()).toBe(true)
    await hub.close()
  })

  it('is told of a gap when the hub was started anew, and none when nothing happened', async () => {
    const { startHub, startSpoke, network, gaps, acknowledged, is, pass } = setUp()
    const first = startHub()
    const { spoke, listen } = startSpoke()
    listen('x')
    await until(() => acknowledged.length === 1 && is('connected')())
    for (let n = 0; n < 2; n++) {
      network.cut('s')
      await until(is('waiting'))
      network.mend('s')
      pass(1000)
      await until(is('connected'))
    }
    await until(() => acknowledged.length === 3)
    expect(gaps).toEqual([])
    await first.hub.close()
    await until(is('waiting'))
    const second = startHub()
    pass(1000)
    await until(() => acknowledged.length === 4)
    expect(gaps).toEqual([{ type: 'news', id: 'x', after: undefined, until: 0 }])
    await spoke.close()
    await second.hub.close()
  })

  it('is told of a gap after it was dropped for not reading', async () => {
    const { startHub, startSpoke, gaps, heard, acknowledged, is, pass } = setUp({
      limits: { queueFrames: 8 },
    })
    const { hub, publish } = startHub()
    const { spoke, listen } = startSpoke()
    listen('x')
    await until(() => acknowledged.length === 1 && is('connected')())
    publish('news', 'x', 0)
    await until(() => heard.length === 1)
    // All in one turn: nothing of it can be written meanwhile.
    for (let n = 1; n <= 20; n++) publish('news', 'x', n)
    await until(is('waiting'))
    const last = heard.at(-1)?.seq
    pass(1000)
    await until(() => acknowledged.length === 2)
    expect(gaps).toEqual([{ type: 'news', id: 'x', after: last, until: 21 }])
    await spoke.close()
    await hub.close()
  })

  it('waits longer from try to try, up to a minute, and begins again when it has worked', async () => {
    const { startHub, startSpoke, states, network, is, paused, pass, pending, acknowledged } = setUp()
    network.cut('h')
    const { spoke, listen } = startSpoke()
    listen('x')
    const pauses: number[] = []
    for (let n = 0; n < 9; n++) {
      const ms = await paused(n + 1)
      pauses.push(ms)
      pass(ms)
    }
    pauses.forEach((ms, n) => {
      const longest = Math.min(60_000, 1000 * 2 ** n)
      expect(ms).toBeGreaterThanOrEqual(longest / 2)
      expect(ms).toBeLessThanOrEqual(longest)
    })
    await paused(10)
    expect(states.at(-1)).toMatchObject({ error: { code: 'net.unreachable' } })
    // The hub is there again: no pause is waited out.
    const { hub } = startHub()
    network.mend('h')
    await until(() => acknowledged.length === 1)
    network.cut('h')
    await until(is('waiting'))
    expect(pending()[0]).toBeLessThanOrEqual(1000)
    await spoke.close()
    await hub.close()
    expect(pending()).toEqual([])
  })

  it('backs off from a hub that takes it and says no', async () => {
    const { startSpoke, states, paused, pass, network } = setUp()
    network.node('h').handle(EVENTS_PROTOCOL, async () => {})
    const { spoke } = startSpoke()
    const pauses: number[] = []
    for (let n = 0; n < 3; n++) {
      pauses.push(await paused(n + 1))
      pass(pauses[n] ?? 0)
    }
    expect(pauses[2]).toBeGreaterThanOrEqual(2000)
    await paused(4)
    expect(states.some((it) => it.is === 'connected')).toBe(false)
    await spoke.close()
  })
})
