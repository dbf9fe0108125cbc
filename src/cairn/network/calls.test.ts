import { afterEach, describe, expect, it } from 'vitest'
import { randomUUID } from 'node:crypto'
import { NetError } from '../../net/errors.ts'
import { createManualTime } from '../../net/directory/testing/manual-time.ts'
import { rejection } from '../../net/testing/net-compliance.ts'
import { type Calls, createCalls } from './calls.ts'
import { openChannel, type OpenChannel } from './channel.ts'

const ends: (() => void)[] = []
afterEach(() => {
  for (const end of ends.splice(0).reverse()) end()
})

/** Contexts of one device on a real channel, and time that stands still. */
function setup() {
  const name = randomUUID()
  const time = createManualTime()
  const open = (): OpenChannel => {
    const channel = openChannel(name)
    ends.push(() => channel.close())
    return channel
  }
  const context = (): Calls => {
    const calls = createCalls(open(), time, randomUUID)
    ends.push(() => calls.close())
    return calls
  }
  /** What the contexts say to each other; resolves with the next message of a type. */
  const channel = open()
  const heard = (type: string): Promise<void> =>
    new Promise((resolve) => {
      const stop = channel.listen((data) => {
        if ((data as { call?: { type?: string } }).call?.type !== type) return
        stop()
        resolve()
      })
    })
  return { context, time, heard }
}

describe('a call', () => {
  it('is answered by the one that serves it, and by nobody who leaves it', async () => {
    const { context, time } = setup()
    const [one, two, three] = [context(), context(), context()]
    two.answer(() => undefined)
    three.answer(async (name, args) => ({ name, args }))
    expect(await one.ask('copies', ['did:plc:x', { fresh: true }])).toEqual({
      name: 'copies',
      args: ['did:plc:x', { fresh: true }],
    })
    expect(time.waiting()).toBe(0)
  })

  it('keeps calls apart that are asked at once', async () => {
    const { context } = setup()
    const [one, two, leader] = [context(), context(), context()]
    leader.answer(async (_, [n]) => `${String(n)}!`)
    const answers = await Promise.all([one.ask('x', [1]), two.ask('x', [2]), one.ask('x', [3])])
    expect(answers).toEqual(['1!', '2!', '3!'])
  })

  it('is refused with the code and the fields of the error', async () => {
    const { context, time } = setup()
    const [one, leader] = [context(), context()]
    leader.answer(async () => {
      throw new NetError('net.unreachable', { peer: 'x', tried: 2 })
    })
    await expect(one.ask('addRelay', ['x'])).rejects.toMatchObject({
      code: 'net.unreachable',
      fields: { peer: 'x', tried: 2 },
    })
    leader.answer(() => {
      throw new TypeError('an error of ours')
    })
    await expect(one.ask('addRelay', ['x'])).rejects.toMatchObject({ code: 'remote.unexpected' })
    // What no channel carries is an error like any other, and not silence.
    leader.answer(async () => () => {})
    await expect(one.ask('addRelay', ['x'])).rejects.toMatchObject({ code: 'remote.unexpected' })
    expect(time.waiting()).toBe(0)
  })

  it('ends when nobody takes it', async () => {
    const { context, time } = setup()
    const [one, leader] = [context(), context()]
    const stop = leader.answer(async () => 1)
    stop()
    const refused = rejection(one.ask('status', []))
    await time.pass(10_000)
    expect(await refused).toMatchObject({ code: 'network.no-leader' })
    expect(time.waiting()).toBe(0)
  })

  it('that nobody could take yet is taken, once, by the one that begins to answer', async () => {
    const { context, time, heard } = setup()
    const [one, leader] = [context(), context()]
    const done: unknown[] = []
    const first = heard('ask')
    const asked = one.ask('namePeer', ['x'])
    await first
    leader.answer(async (name) => done.push(name))
    leader.ready()
    leader.ready()
    expect(await asked).toBe(1)
    const last = heard('answer')
    // In order: whatever was asked twice has been heard by now.
    expect(await one.ask('status', [])).toBe(2)
    await last
    expect(done).toEqual(['namePeer', 'status'])
    expect(time.waiting()).toBe(0)
  })

  it('is given all the time it needs once it is taken, but not for ever', async () => {
    const { context, time, heard } = setup()
    const [one, leader] = [context(), context()]
    const done = Promise.withResolvers<string>()
    leader.answer(() => done.promise)
    const taken = heard('taken')
    const asked = one.ask('catchUp', [])
    await taken
    await time.pass(5 * 60_000)
    done.resolve('late')
    expect(await asked).toBe('late')

    // The leader has died meanwhile.
    leader.answer(() => new Promise(() => {}))
    const again = heard('taken')
    const refused = rejection(one.ask('catchUp', []))
    await again
    await time.pass(10 * 60_000)
    expect(await refused).toMatchObject({ code: 'network.no-leader' })
  })

  it('that waits is refused when its own context closes', async () => {
    const { context, time } = setup()
    const one = context()
    const refused = rejection(one.ask('status', []))
    one.close()
    expect(await refused).toMatchObject({ code: 'network.no-leader' })
    expect(time.waiting()).toBe(0)
  })

  it('is served by the latest; an earlier one that ends does not end that', async () => {
    const { context } = setup()
    const [one, leader] = [context(), context()]
    const stop = leader.answer(async () => 'old')
    leader.answer(async () => 'new')
    stop()
    expect(await one.ask('status', [])).toBe('new')
  })
})
