import { describe, expect, it } from 'vitest'
import { mendInitChannel } from './init-channel.ts'

/** As much of a data channel as the transport uses: it opens and closes when a test says so. */
class Channel extends EventTarget {
  readyState: RTCDataChannelState = 'connecting'
  become(state: 'open' | 'closed'): void {
    this.readyState = state
    this.dispatchEvent(new Event(state === 'open' ? 'open' : 'close'))
  }
  close(): void {
    this.become('closed')
  }
}

function connection() {
  const made: Channel[] = []
  const prototype = {
    createDataChannel(_label: string): RTCDataChannel {
      const channel = new Channel()
      made.push(channel)
      // the part of a channel that is used here
      return channel as unknown as RTCDataChannel
    },
  }
  mendInitChannel(prototype)
  mendInitChannel(prototype)
  return { made, prototype }
}

const told = (target: EventTarget, type: string): Promise<Event> =>
  new Promise((resolve) => target.addEventListener(type, resolve, { once: true }))

describe('the first channel of a direct connection', () => {
  it('opens when it opens', async () => {
    const { made, prototype } = connection()
    const channel = prototype.createDataChannel('init')
    const open = told(channel, 'open')
    made[0]?.become('open')
    await open
    expect(channel.readyState).toBe('open')
  })

  it('counts as open when the other side has closed it already', async () => {
    const { made, prototype } = connection()
    const channel = prototype.createDataChannel('init')
    const open = told(channel, 'open')
    made[0]?.become('closed')
    await open
    const closed = told(channel, 'close')
    channel.close()
    expect((await closed).type).toBe('close')
  })

  it('closes with the real one', async () => {
    const { made, prototype } = connection()
    const channel = prototype.createDataChannel('init')
    made[0]?.become('open')
    const closed = told(channel, 'close')
    channel.close()
    await closed
    expect(made[0]?.readyState).toBe('closed')
  })

  it('is the only one that is touched', () => {
    const { made, prototype } = connection()
    expect(prototype.createDataChannel('data')).toBe(made[0])
  })
})
