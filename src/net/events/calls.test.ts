import * as v from 'valibot'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type CallContext, operation } from './calls.ts'
import { CallError } from './errors.ts'
import { createHubEventTarget, type HubEventTarget } from './hub.ts'
import { EVENTS_PROTOCOL } from './model.ts'
import { createSpokeEventTarget, type StreamSpoke } from './spoke.ts'
import { type ChannelKit, createChannelKit, until } from './testing/channel-kit.ts'

let kit: ChannelKit
let hub: HubEventTarget
let spoke: StreamSpoke
/** calls of `wait` that have come in */
let waiting: CallContext[]

beforeEach(async () => {
  kit = createChannelKit()
  waiting = []
  const wait = (_: unknown, context: CallContext): Promise<string> => {
    waiting.push(context)
    return new Promise((resolve) => context.signal.addEventListener('abort', () => resolve('late')))
  }
  hub = createHubEventTarget({
    host: kit.host,
    limits: { calls: 2 },
    operations: {
      add: operation(v.object({ a: v.number(), b: v.number() }), ({ a, b }) => a + b),
      who: { run: (_, { peer }) => peer },
      nobody: { allow: () => false, run: () => 'secret' },
      wait: { run: wait },
      fails: {
        run: () => {
          throw new RangeError('words for the log only')
        },
      },
      says: {
        run: () => {
          throw new CallError('ACCESS_DENIED', { details: { until: 5 } })
        },
      },
      huge: { run: () => 'x'.repeat(70_000) },
      nothing: { run: () => undefined },
    },
  })
  kit.network.node('h').handle(EVENTS_PROTOCOL, hub.accept)
  const stream = await kit.network.node('s').open('h', EVENTS_PROTOCOL)
  spoke = createSpokeEventTarget(stream, {
    host: kit.host,
    operations: { mine: { run: (input) => [input] } },
  })
})
afterEach(() => hub.close())

describe('a call', () => {
  it('is answered, both ways round', async () => {
    expect(await Promise.all([spoke.call('add', { a: 1, b: 2 }), spoke.call('who', null)])).toEqual([3, 's'])
    expect(await spoke.call('nothing', undefined)).toBeUndefined()
    expect(await hub.call('s', 'mine', 5)).toEqual([5])
  })

  it.each([
    ['toString', null, 'call.not-found'],
    ['gone', null, 'call.not-found'],
    ['nobody', null, 'call.denied'],
    ['add', { a: 1 }, 'call.invalid'],
    ['fails', null, 'call.failed'],
    ['huge', null, 'call.failed'],
  ])('%s(%j) fails with %s', async (name, input, code) => {
    const error = await spoke.call(name, input).catch((it: unknown) => it)
    expect(error).toMatchObject({ code, fields: { operation: name, peer: 'h' } })
    expect(JSON.stringify(error)).not.toContain('words')
  })

  it('carries the details of an error', async () => {
    await expect(spoke.call('says', null)).rejects.toMatchObject({
      wire: 'ACCESS_DENIED',
      fields: { details: { until: 5 } },
    })
  })

  it('ends at its deadline, and tells the other side', async () => {
    const call = spoke.call('wait', null, { ms: 500 })
    await until(() => waiting.length === 1)
    expect(waiting[0]?.deadline).toBe(kit.host.clock.now() + 500)
    kit.pass(500)
    await expect(call).rejects.toMatchObject({ code: 'call.timeout', fields: { ms: 500 } })
    await until(() => waiting[0]?.signal.aborted === true)
  })

  it('ends when it is aborted, and tells the other side', async () => {
    const control = new AbortController()
    const call = spoke.call('wait', null, { signal: control.signal })
    await until(() => waiting.length === 1)
    control.abort()
    await expect(call).rejects.toMatchObject({ code: 'call.aborted' })
    await until(() => waiting[0]?.signal.aborted === true)
    await expect(spoke.call('who', null, { signal: control.signal })).rejects.toMatchObject({
      code: 'call.aborted',
    })
  })

  it('ends with the stream, on both sides', async () => {
    const call = spoke.call('wait', null)
    await until(() => waiting.length === 1)
    kit.network.cut('s')
    await expect(call).rejects.toMatchObject({ code: 'call.aborted' })
    await until(() => waiting[0]?.signal.aborted === true)
    await expect(spoke.call('who', null)).rejects.toMatchObject({ code: 'events.not-connected' })
    await expect(hub.call('s', 'mine', 1)).rejects.toMatchObject({ code: 'events.not-connected' })
  })

  it('is refused while too many are being answered', async () => {
    const control = new AbortController()
    const two = [1, 2].map(() => spoke.call('wait', null, { signal: control.signal }).catch(() => 'over'))
    await until(() => waiting.length === 2)
    await expect(spoke.call('who', null)).rejects.toMatchObject({
      code: 'call.failed',
      fields: { details: { limit: 2 } },
    })
    control.abort()
    await Promise.all(two)
    expect(await spoke.call('who', null)).toBe('s')
  })

  it('leaves no timer behind', async () => {
    await spoke.call('who', null)
    await hub.close()
    await spoke.ended
    expect(kit.pending()).toEqual([])
  })
})
