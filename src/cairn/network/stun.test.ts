import { describe, expect, it } from 'vitest'
import { MAX_STUN } from '../../net/node/stun.ts'
import { DEFAULT_STUN } from '../network-model.ts'
import type { RelayLink } from './host.ts'
import { createStunSource, stunServers } from './stun.ts'

const [a, b, c] = ['stun:a.test:1', 'stun:b.test:2', 'stuns:c.test:3']

describe('the STUN servers that are asked', () => {
  it('are the person’s own when they are others than the default', () => {
    expect(stunServers([a], [{ stun: [b] }])).toEqual([a])
    expect(stunServers([DEFAULT_STUN, a], [{ stun: [b] }])).toEqual([DEFAULT_STUN, a])
    expect(stunServers([], [{ stun: [b] }])).toEqual([])
  })

  it('else those that relays name, each once', () => {
    expect(stunServers([DEFAULT_STUN], [{ stun: [a, b] }, { stun: [b, c] }, {}])).toEqual([a, b, c])
  })

  it('else the default, when no relay says anything', () => {
    expect(stunServers([DEFAULT_STUN], [])).toEqual([DEFAULT_STUN])
    expect(stunServers([DEFAULT_STUN], [{}, { stun: undefined }])).toEqual([DEFAULT_STUN])
  })

  it('are none when relays want none', () => {
    expect(stunServers([DEFAULT_STUN], [{ stun: [] }, {}])).toEqual([])
    expect(stunServers([DEFAULT_STUN], [{ stun: [] }, { stun: [a] }])).toEqual([a])
  })

  it('are few, and from every relay', () => {
    const many = Array.from({ length: MAX_STUN }, (_, i) => `stun:many.test:${i + 1}`)
    const asked = stunServers([DEFAULT_STUN], [{ stun: many }, { stun: [a] }])
    expect(asked).toHaveLength(MAX_STUN)
    expect(asked.slice(0, 2)).toEqual([many[0], a])
  })
})

describe('the STUN servers of a node', () => {
  it('follow its relays while it runs: which are connected, and what they name', () => {
    const states = new Map<string, RelayLink['state']>()
    const links = () => [...states].map(([peerId, state]) => ({ peerId, state }))
    const source = createStunSource([DEFAULT_STUN], links)
    const relay = (peerId: string, stun?: readonly string[]) => ({ peerId, multiaddrs: [], stun })
    source.setRelays([relay('one', [a]), relay('two', [b])])
    expect(source.servers()).toEqual([DEFAULT_STUN])
    states.set('one', 'connecting').set('two', 'connected')
    expect(source.servers()).toEqual([b])
    states.set('one', 'connected')
    expect(source.servers()).toEqual([a, b])
    source.setRelays([relay('one', []), relay('two', [c])])
    expect(source.servers()).toEqual([c])
    states.set('two', 'unreachable')
    expect(source.servers()).toEqual([])
  })
})
