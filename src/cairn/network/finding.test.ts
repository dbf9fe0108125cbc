import { describe, expect, it } from 'vitest'
import { NetError } from '../../net/errors.ts'
import type { ByteStream, Net } from '../../net/net.ts'
import { findingNet } from './finding.ts'

/** A network that reaches a peer at one address, and knows of it what it was told. */
function setup(known: readonly string[], there: string) {
  const tried: (readonly string[])[] = []
  const stream = {} as ByteStream
  const net = {
    async open(peer: string, _: string, { addresses = [] }: { readonly addresses?: readonly string[] } = {}) {
      const all = [...addresses, ...known]
      tried.push(all)
      if (all.length === 0) throw new NetError('net.no-addresses', { peer })
      if (!all.includes(there)) throw new NetError('net.unreachable', { peer, tried: all.length })
      return stream
    },
    // Nothing else of it is used here.
  } as unknown as Net
  const asked: string[] = []
  const finding = findingNet(net, async (peer) => {
    asked.push(peer)
    return peer === 'gone' ? [] : ['/now']
  })
  return { finding, tried, asked, stream }
}

describe('a peer that is named by its id alone', () => {
  it('is asked for when nothing is known of it', async () => {
    const { finding, tried, stream } = setup([], '/now')
    expect(await finding.open('peer', '/any')).toBe(stream)
    expect(tried).toEqual([[], ['/now']])
    await expect(finding.open('gone', '/any')).rejects.toMatchObject({ code: 'net.no-addresses' })
  })

  it('is asked for when it is no more where it was', async () => {
    const { finding, tried, stream } = setup(['/before'], '/now')
    expect(await finding.open('peer', '/any')).toBe(stream)
    expect(tried).toEqual([['/before'], ['/now', '/before']])
    await expect(finding.open('gone', '/any')).rejects.toMatchObject({ code: 'net.unreachable' })
  })

  it('is not asked for where it is, nor by who was told just now', async () => {
    const { finding, asked, stream } = setup(['/now'], '/now')
    expect(await finding.open('peer', '/any')).toBe(stream)
    const away = setup([], '/now')
    const told = away.finding.open('peer', '/any', { addresses: ['/told'] })
    await expect(told).rejects.toMatchObject({ code: 'net.unreachable' })
    expect([...asked, ...away.asked]).toEqual([])
  })
})
