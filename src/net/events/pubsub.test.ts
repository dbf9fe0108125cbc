import { describe, expect, it } from 'vitest'
import { pipe, take, toArray } from './operators.ts'
import { createPubSub } from './pubsub.ts'
import type { Received, TypedEvent } from './model.ts'
import { createLocalEventTarget } from './topic-target.ts'

type Events = { 'message.sent': { text: string }; presence: number }
const code = (name: string) => expect.objectContaining({ code: name })

describe('pubsub', () => {
  it('hears what it subscribed to, by type and id', async () => {
    const pubsub = createPubSub<Events>()
    const heard = toArray(pipe(pubsub.subscribe('message.sent', 'a:b'), take(2)))
    const all = toArray(pipe(pubsub.subscribe('message.sent', ''), take(4)))
    pubsub.publish('message.sent', 'a:b', { text: '1' })
    pubsub.publish('message.sent', 'a', { text: 'not for it' })
    pubsub.publish('message.sent', '', { text: 'about nothing' })
    pubsub.publish('presence', 'a:b', 1)
    pubsub.publish('message.sent', 'a:b', { text: '2' })
    const of = (id: string, text: string) => ({ type: 'message.sent', id, payload: { text } })
    expect(await heard).toEqual([of('a:b', '1'), of('a:b', '2')])
    expect(await all).toEqual([
      of('a:b', '1'),
      of('a', 'not for it'),
      of('', 'about nothing'),
      of('a:b', '2'),
    ])
  })

  it('adds its listener with the first pull, and removes it with return', async () => {
    const eventTarget = createLocalEventTarget<Events>()
    const pubsub = createPubSub<Events>({ eventTarget })
    const events = pubsub.subscribe('presence', 'x')
    expect(pubsub.publish('presence', 'x', 1)).toBe(false)
    const pull = events.next()
    expect(pubsub.publish('presence', 'x', 2)).toBe(true)
    expect((await pull).value).toEqual({ type: 'presence', id: 'x', payload: 2 })
    const waits = events.next()
    await events.return?.()
    expect(await waits).toEqual({ done: true, value: undefined })
    expect(pubsub.publish('presence', 'x', 3)).toBe(false)
    expect(await events.next()).toEqual({ done: true, value: undefined })
  })

  it('ends with its signal', async () => {
    const pubsub = createPubSub<Events>()
    const control = new AbortController()
    const heard = toArray(pubsub.subscribe('presence', '', { signal: control.signal }))
    pubsub.publish('presence', 'x', 1)
    control.abort()
    expect((await heard).map((it) => it.payload)).toEqual([1])
    expect(pubsub.publish('presence', 'x', 1)).toBe(false)
    const late = pubsub.subscribe('presence', '', { signal: control.signal })
    expect((await late.next()).done).toBe(true)
  })

  it('drops a subscriber that does not keep up, with a typed error after what waits', async () => {
    const pubsub = createPubSub<Events>()
    const events = pubsub.subscribe('presence', 'x', { queue: 2 })
    const first = events.next()
    for (const n of [1, 2, 3]) expect(pubsub.publish('presence', 'x', n)).toBe(true)
    pubsub.publish('presence', 'x', 4)
    expect(pubsub.publish('presence', 'x', 5)).toBe(false)
    const got: unknown[] = [(await first).value.payload]
    for (let n = 0; n < 2; n++) got.push((await events.next()).value.payload)
    expect(got).toEqual([1, 2, 3])
    await expect(events.next()).rejects.toThrow(code('events.slow-reader'))
    expect((await events.next()).done).toBe(true)
  })

  it('keeps reserved types to the protocol, and a colon out of types', () => {
    const pubsub = createPubSub()
    for (const type of ['__subscribe', '__x', 'call.requested', 'call.x']) {
      expect(() => pubsub.publish(type, '', {})).toThrow(code('events.reserved'))
      expect(() => pubsub.subscribe(type, '')).toThrow(code('events.reserved'))
    }
    // Else `a:b` about `c` and `a` about `b:c` would be one topic.
    expect(() => pubsub.publish('a:b', 'c', {})).toThrow(code('events.name'))
    expect(() => pubsub.subscribe('', 'c')).toThrow(code('events.name'))
    expect(() => pubsub.publish('a', 'x'.repeat(2049), {})).toThrow(code('events.name'))
  })
})

describe('an event target', () => {
  it('behaves like one', () => {
    const heard: unknown[] = []
    const errors: unknown[] = []
    const target = createLocalEventTarget<Events>({ onError: (error) => errors.push(error) })
    const note = (event: TypedEvent<Events>): void => void heard.push(['f', event.type, event.detail.payload])
    const object = { handleEvent: (event: TypedEvent<Events>) => heard.push(['o', event.detail.id]) }
    const control = new AbortController()
    target.addEventListener('presence:x', null)
    target.addEventListener('presence:x', note)
    target.addEventListener('presence:x', note)
    target.addEventListener('presence:x', object, { once: true })
    target.addEventListener('presence', () => heard.push('all'), { signal: control.signal })
    target.addEventListener('presence:x', () => {
      throw new RangeError('listener')
    })
    const event = (payload: number, more: Partial<Received> = {}) =>
      new CustomEvent('presence:x', {
        detail: { type: 'presence' as const, id: 'x', payload, ...more } as never,
      })
    expect(target.dispatchEvent(event(1))).toBe(true)
    control.abort()
    target.dispatchEvent(event(2))
    target.removeEventListener('presence:x', note)
    target.dispatchEvent(event(3))
    expect(heard).toEqual([['f', 'presence:x', 1], ['o', 'x'], 'all', ['f', 'presence:x', 2]])
    expect(errors).toEqual([
      new RangeError('listener'),
      new RangeError('listener'),
      new RangeError('listener'),
    ])
    expect(() => target.dispatchEvent(event(1, { id: 'y' }))).toThrow(code('events.mismatch'))
    expect(() => target.addEventListener('__x', note)).toThrow(code('events.reserved'))
  })

  it('lets nobody speak as a peer from within', () => {
    const target = createLocalEventTarget<Events>()
    const heard: unknown[] = []
    target.addEventListener('presence:x', ({ detail }) => heard.push(detail))
    const detail = { type: 'presence' as const, id: 'x', payload: 1, peer: 'somebody', seq: 9 }
    target.dispatchEvent(new CustomEvent('presence:x', { detail }))
    expect(heard).toEqual([{ type: 'presence', id: 'x', payload: 1 }])
  })
})
