import { describe, expect, it } from 'vitest'
import { PdsError } from '../errors.ts'
import { createManualTimers, type ManualTimers } from '../testing/timers.ts'
import {
  type Firehose,
  type FirehoseOptions,
  type FirehoseState,
  followFirehose,
  type Gap,
} from './firehose.ts'
import type { FirehoseEvent } from './frame.ts'
import { openStandardSocket, type Socket } from './socket.ts'
import { eventFrame, type FirehoseServer, frameOf, startFirehoseServer } from './testing/firehose-server.ts'

const DID = 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa'
const identity = (seq: number, did = DID) => eventFrame('#identity', { seq, did })

interface Kit {
  readonly server: FirehoseServer
  readonly timers: ManualTimers
  readonly events: FirehoseEvent[]
  readonly gaps: Gap[]
  readonly states: FirehoseState[]
  follow(options?: Partial<FirehoseOptions>): Firehose
  /** resolves when so many events were handled in all */
  handled(count: number): Promise<void>
  /** resolves when a pause before the next try is set, and ends it */
  retry(): Promise<void>
}

async function withFirehose(use: (kit: Kit) => Promise<void>): Promise<void> {
  const server = await startFirehoseServer()
  const timers = createManualTimers()
  const following: Firehose[] = []
  let changed = Promise.withResolvers<void>()
  const tell = (): void => {
    changed.resolve()
    changed = Promise.withResolvers()
  }
  const kit: Kit = {
    server,
    timers,
    events: [],
    gaps: [],
    states: [],
    follow(options = {}) {
      const it = followFirehose({
        service: server.origin,
        cursor: undefined,
        allowLocal: true,
        open: openStandardSocket,
        timers,
        clock: timers.clock,
        random: () => 0.5,
        onEvent(event) {
          kit.events.push(event)
          tell()
        },
        onGap(gap) {
          kit.gaps.push(gap)
          tell()
        },
        onState(state) {
          kit.states.push(state)
          tell()
        },
        ...options,
      })
      following.push(it)
      return it
    },
    async handled(count) {
      while (kit.events.length < count) await changed.promise
    },
    async retry() {
      while (kit.states.at(-1)?.state !== 'waiting') await changed.promise
      const at = kit.states.at(-1)?.nextTryAt ?? 0
      timers.advance(at - timers.clock.now())
    },
  }
  try {
    await use(kit)
  } finally {
    for (const it of following) it.close()
    await server.close()
  }
}

const seqs = (events: readonly FirehoseEvent[]): unknown[] => events.map((it) => 'seq' in it && it.seq)

describe('following a firehose', () => {
  it('hands events on in order, one at a time, and counts them as handled when they are', () =>
    withFirehose(async ({ server, follow }) => {
      server.onConnect = (send) => [1, 2, 3].forEach((seq) => send(identity(seq)))
      const gates = [1, 2, 3].map(() => Promise.withResolvers<void>())
      const begun: number[] = []
      const cursors: unknown[] = []
      const third = Promise.withResolvers<void>()
      const firehose = follow({
        async onEvent(event) {
          if (!('seq' in event) || event.seq === undefined) return
          begun.push(event.seq)
          cursors.push(firehose.cursor)
          if (event.seq === 3) third.resolve()
          await gates[event.seq - 1]?.promise
        },
      })
      await server.connected(1)
      for (const gate of gates) gate.resolve()
      await third.promise
      expect(begun).toEqual([1, 2, 3])
      expect(cursors).toEqual([undefined, 1, 2])
    }))

  it('goes on from its cursor when the connection breaks, with growing pauses until an event comes', () =>
    withFirehose(async ({ server, follow, handled, retry, states, events }) => {
      const firehose = follow({ cursor: 4 })
      await server.connected(1)
      server.send(identity(5))
      await handled(1)
      server.drop()
      await retry()
      await server.connected(2)
      server.drop()
      await retry()
      await server.connected(3)
      server.drop()
      await retry()
      await server.connected(4)
      expect(server.asked).toEqual([4, 5, 5, 5])
      const waits = states.filter((it) => it.state === 'waiting')
      expect(waits.map((it) => it.error?.code)).toEqual(Array(3).fill('firehose.closed'))
      const began = waits.map((it) => it.nextTryAt ?? 0)
      expect(began.map((at, i) => at - (began[i - 1] ?? began[0] ?? 0)).slice(1)).toEqual([1500, 3000])
      // What was sent before is not told twice.
      server.send(identity(5))
      server.send(identity(6))
      await handled(2)
      expect(seqs(events)).toEqual([5, 6])
      expect(firehose.cursor).toBe(6)
      server.drop()
      await retry()
      expect((states.at(-1)?.state === 'connecting' && states.at(-2)?.nextTryAt) || 0).toBe(
        (began.at(-1) ?? 0) + 750,
      )
    }))

  it('tells of numbers that were left out, of a cursor too old, and of one ahead of the server', () =>
    withFirehose(async ({ server, follow, handled, gaps, retry }) => {
      server.onConnect = (send, cursor) => {
        if (cursor === 900) return send(frameOf({ op: -1 }, { error: 'FutureCursor' }))
        send(frameOf({ op: 1, t: '#info' }, { name: 'OutdatedCursor', message: 'too old' }))
        send(identity(10))
        send(eventFrame('#commit', { seq: 11, repo: 'did:plc:bbbbbbbbbbbbbbbbbbbbbbbb' }))
        return send(identity(14))
      }
      follow({ cursor: 900, wanted: (did) => did === DID })
      await retry()
      await handled(3)
      expect(server.asked).toEqual([900, undefined])
      expect(gaps).toEqual([
        { reason: 'future', from: 900, to: undefined },
        { reason: 'outdated', from: undefined, to: undefined },
        { reason: 'sequence', from: 11, to: 14 },
      ])
    }))

  it('passes over a frame that it cannot read, and gives up a server that sends no other', () =>
    withFirehose(async ({ server, follow, handled, gaps, states, retry }) => {
      follow()
      await server.connected(1)
      server.send(new Uint8Array([0xff]))
      server.send(identity(1))
      await handled(1)
      expect(gaps).toEqual([{ reason: 'malformed', from: undefined, to: undefined }])
      for (let i = 0; i < 20; i++) server.send(new Uint8Array([0xff]))
      await retry()
      await server.connected(2)
      server.send('text')
      await retry()
      expect(states.filter((it) => it.state === 'waiting').map((it) => it.error?.code)).toEqual([
        'firehose.malformed',
        'firehose.malformed',
      ])
    }))

  it('leaves a server that says no, or that says nothing', () =>
    withFirehose(async ({ server, follow, states, retry, timers }) => {
      server.onConnect = (send) => send(frameOf({ op: -1 }, { error: 'ConsumerTooSlow', message: 'go' }))
      follow({ cursor: 3 })
      await retry()
      server.onConnect = () => {}
      await server.connected(2)
      timers.advance(10 * 60_000)
      await retry()
      await server.connected(3)
      expect(server.asked).toEqual([3, 3, 3])
      expect(states.filter((it) => it.state === 'waiting').map((it) => it.error)).toMatchObject([
        { code: 'firehose.refused', fields: { error: 'ConsumerTooSlow' } },
        { code: 'firehose.silent' },
      ])
    }))

  it('takes it for silence when the clock is set back, and does not wait for as long', () =>
    withFirehose(async ({ server, follow, states, retry, timers }) => {
      let ahead = 100 * 24 * 60 * 60_000
      follow({ clock: { now: () => timers.clock.now() + ahead } })
      await server.connected(1)
      ahead = 0
      timers.advance(10 * 60_000)
      expect(timers.pending().filter((ms) => ms > 10 * 60_000)).toEqual([])
      await retry()
      await server.connected(2)
      expect(states.find((it) => it.state === 'waiting')?.error?.code).toBe('firehose.silent')
    }))

  it('tries again where the host refuses the address, as for any connection that fails', () =>
    withFirehose(async ({ server, follow, states, retry }) => {
      let tries = 0
      follow({
        open(url, events) {
          if (tries++ === 0)
            throw new PdsError('pds.address-refused', { host: 'x', reason: 'private-address' })
          return openStandardSocket(url, events)
        },
      })
      await retry()
      await server.connected(1)
      expect(states.find((it) => it.state === 'waiting')?.error).toMatchObject({
        code: 'firehose.closed',
        fields: { reason: 'pds.address-refused' },
      })
    }))

  it('asks for a pause while much waits, and never holds more than it may', async () => {
    const timers = createManualTimers()
    const asked: string[] = []
    const gate = Promise.withResolvers<void>()
    const last = Promise.withResolvers<void>()
    const states: FirehoseState[] = []
    let message: (bytes: Uint8Array) => void = () => {}
    const socket: Socket = {
      close: () => void asked.push('close'),
      pause: () => void asked.push('pause'),
      resume: () => void asked.push('resume'),
    }
    const firehose = followFirehose({
      service: 'https://pds.cairn.dev',
      cursor: 0,
      allowLocal: false,
      open(url, events) {
        expect(url).toBe('wss://pds.cairn.dev/xrpc/com.atproto.sync.subscribeRepos?cursor=0')
        message = (bytes) => events.onMessage(bytes)
        return socket
      },
      timers,
      clock: timers.clock,
      random: () => 0,
      async onEvent(event) {
        await gate.promise
        if ('seq' in event && event.seq === 100) last.resolve()
      },
      onGap: () => {},
      onState: (state) => void states.push(state),
    })
    for (let seq = 1; seq <= 100; seq++) message(identity(seq))
    expect(asked).toEqual(['pause'])
    gate.resolve()
    await last.promise
    expect(asked).toEqual(['pause', 'resume'])
    for (let i = 0; i < 8; i++) message(new Uint8Array(5_000_000))
    expect(states.at(-1)?.error?.code).toBe('firehose.overrun')
    expect(asked.at(-1)).toBe('close')
    firehose.close()
  })

  it('refuses addresses that it may not reach', () => {
    const timers = createManualTimers()
    const options = {
      cursor: undefined,
      allowLocal: false,
      open: openStandardSocket,
      timers,
      clock: timers.clock,
      random: () => 0,
      onEvent: () => {},
      onGap: () => {},
    }
    for (const service of ['http://pds.cairn.dev', 'https://10.0.0.1', 'https://localhost', 'nowhere'])
      expect(() => followFirehose({ ...options, service })).toThrow('pds.address-refused')
    expect(timers.pending()).toEqual([])
  })

  it('hears less from a server that says too much: from now on, then nothing', () =>
    withFirehose(async ({ server, timers, follow, gaps, states, retry }) => {
      const frame = identity(2)
      // As much at once as six events have and a little more, and one more every ten seconds.
      const allowance = { burst: frame.length * 6 + 20, perSecond: frame.length / 10 }
      const firehose = follow({ cursor: 1, allowance })
      await server.connected(1)
      for (let seq = 2; seq < 9; seq++) server.send(identity(seq))
      await retry()
      expect(states.at(-1)?.error ?? states.at(-2)?.error).toMatchObject({ code: 'firehose.busy' })
      expect(gaps.at(-1)).toMatchObject({ reason: 'busy' })
      await server.connected(2)
      expect(server.asked).toEqual([1, undefined])
      for (let seq = 20; seq < 25; seq++) server.send(identity(seq))
      const handled = async (seq: number) => {
        while (firehose.cursor !== seq) await new Promise(setImmediate)
      }
      await handled(24)
      // What was not used adds up.
      timers.advance(30_000)
      for (let seq = 25; seq < 29; seq++) server.send(identity(seq))
      await handled(28)
      for (let seq = 29; seq < 31; seq++) server.send(identity(seq))
      while (states.at(-1)?.state !== 'closed') await new Promise(setImmediate)
      expect(states.at(-1)?.error).toMatchObject({ code: 'firehose.busy' })
      expect([firehose.cursor, timers.pending()]).toEqual([undefined, []])
      while (server.open > 0) await new Promise(setImmediate)
    }))

  it('tries at once when the network is back', () =>
    withFirehose(async ({ server, follow, states }) => {
      const firehose = follow()
      await server.connected(1)
      while (states.at(-1)?.state !== 'open') await new Promise(setImmediate)
      firehose.wake()
      expect(server.asked).toHaveLength(1)
      server.drop()
      while (states.at(-1)?.state !== 'waiting') await new Promise(setImmediate)
      firehose.wake()
      await server.connected(2)
    }))
})
