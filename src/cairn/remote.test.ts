import { afterEach, describe, expect, it } from 'vitest'
import { CairnError } from '../core/errors.ts'
import type { Cairn, CairnEvent, ExportFile } from './api.ts'
import { connectCairn, serveCairn } from './remote.ts'

const cleanups: (() => void)[] = []
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup()
})

/** A Cairn with only the methods that a test calls; the wire is what is tested. */
function partial(methods: { library?: Partial<Cairn['library']>; device?: Partial<Cairn['device']> }) {
  const listeners = new Set<(event: CairnEvent) => void>()
  let closed = 0
  // the methods left out are never called by these tests
  const cairn = {
    library: { ...methods.library },
    activity: {},
    device: { ...methods.device },
    subscribe(listener: (event: CairnEvent) => void) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    async close() {
      closed++
    },
  } as unknown as Cairn
  return {
    cairn,
    emit: (event: CairnEvent) => listeners.forEach((listener) => listener(event)),
    listeners,
    closed: () => closed,
  }
}

function wire(cairn: Cairn, onLost?: () => void) {
  const { port1, port2 } = new MessageChannel()
  const stop = serveCairn(cairn, port1)
  const client = connectCairn(port2, onLost)
  cleanups.push(() => {
    stop()
    port1.close()
    port2.close()
  })
  return { client, stop, port1, port2 }
}

const numbers = (count: number, fail?: CairnError, onCancel?: () => void, pulled: number[] = []) => {
  let at = 0
  return new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        pulled.push(at)
        if (at === count) {
          if (fail === undefined) controller.close()
          else controller.error(fail)
          return
        }
        controller.enqueue(new Uint8Array(1024).fill(at++))
      },
      cancel() {
        onCancel?.()
      },
    },
    { highWaterMark: 0 },
  )
}
const file = (stream: ReadableStream<Uint8Array>): ExportFile => ({
  name: 'a.car',
  type: 'x/y',
  size: undefined,
  stream,
})

describe('remote cairn', () => {
  it('calls by path with arguments, in any number at once', async () => {
    const { cairn } = partial({
      library: {
        get: async (did) => (did === 'did:plc:none' ? undefined : ({ did } as never)),
        skipBlob: async () => {},
      },
    })
    const { client } = wire(cairn)
    const all = await Promise.all(
      ['did:plc:a', 'did:plc:none', 'did:plc:b'].map((did) => client.library.get(did)),
    )
    expect(all).toEqual([{ did: 'did:plc:a' }, undefined, { did: 'did:plc:b' }])
    expect(await client.library.skipBlob('did:plc:a', 'cid', true)).toBeUndefined()
  })

  it('carries errors by code and fields, also when a field cannot be cloned', async () => {
    const { cairn } = partial({
      library: {
        get: async () => Promise.reject(new CairnError('storage.quota', { needed: 5n, blocker: () => 1 })),
        list: async () => Promise.reject(new TypeError('not a code')),
      },
    })
    const { client } = wire(cairn)
    const known = await client.library.get('x').catch((error: unknown) => error)
    expect(known).toBeInstanceOf(CairnError)
    expect(known).toMatchObject({ code: 'storage.quota', fields: { needed: 5n } })
    await expect(client.library.list()).rejects.toMatchObject({
      code: 'remote.unexpected',
      fields: { name: 'TypeError' },
    })
  })

  it('calls nothing but the API', async () => {
    const { cairn } = partial({ library: { list: async () => [] } })
    const { port1, port2 } = new MessageChannel()
    cleanups.push(serveCairn(cairn, port1), () => port1.close())
    const answers: unknown[] = []
    const answered = new Promise<void>((resolve) => {
      port2.addEventListener('message', (event) => {
        if (event.data.type === 'hello') return
        answers.push(event.data.error?.code)
        if (answers.length === 4) resolve()
      })
    })
    port2.start()
    for (const path of ['library.constructor', 'library.toString', '__proto__.list', 'library.nothing']) {
      port2.postMessage({ type: 'call', id: 1, path, args: [] })
    }
    port2.postMessage('noise')
    port2.postMessage(null)
    await answered
    expect(answers).toEqual(Array(4).fill('remote.no-such-method'))
  })

  it('refuses an argument that cannot be cloned and stays usable', async () => {
    const { cairn } = partial({
      library: { list: async () => [] },
      device: { setSettings: async () => ({}) as never },
    })
    const { client } = wire(cairn)
    await expect(client.device.setSettings({ blobs: (() => 1) as never })).rejects.toMatchObject({
      code: 'remote.not-cloneable',
    })
    expect(await client.library.list()).toEqual([])
  })

  it('sends events to every listener until it leaves', async () => {
    const { cairn, emit } = partial({ library: { list: async () => [] } })
    const { client } = wire(cairn)
    const first: string[] = []
    const second: string[] = []
    const leave = client.subscribe((event) => first.push(event.type))
    client.subscribe((event) => second.push(event.type))
    emit({ type: 'repos' })
    await client.library.list()
    leave()
    emit({ type: 'settings' })
    await client.library.list()
    expect(first).toEqual(['repos'])
    expect(second).toEqual(['repos', 'settings'])
  })

  it('moves whole byte arrays and copies views', async () => {
    const whole = new Uint8Array([1, 2, 3])
    const view = new Uint8Array([0, 1, 2, 3]).subarray(1)
    const { cairn } = partial({ library: { proofCar: async (did) => (did === 'whole' ? whole : view) } })
    const { client } = wire(cairn)
    expect(await client.library.proofCar('whole', '')).toEqual(new Uint8Array([1, 2, 3]))
    expect(whole.byteLength).toBe(0)
    expect(await client.library.proofCar('view', '')).toEqual(new Uint8Array([1, 2, 3]))
    expect(view.byteLength).toBe(3)
  })

  it('streams a file at the pace of its reader', async () => {
    const pulled: number[] = []
    const { cairn } = partial({
      library: { exportRepo: async () => file(numbers(4, undefined, undefined, pulled)) },
    })
    const { client } = wire(cairn)
    const { name, stream } = await client.library.exportRepo('x', 'car')
    expect(name).toBe('a.car')
    expect(pulled).toEqual([])
    const reader = stream.getReader()
    const seen: number[] = []
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      seen.push(next.value[0] ?? -1)
      expect(pulled.length).toBe(seen.length)
    }
    expect(seen).toEqual([0, 1, 2, 3])
  })

  it('carries the error of a stream and cancels its source', async () => {
    const { promise: cancelled, resolve: onCancel } = Promise.withResolvers<void>()
    const { cairn } = partial({
      library: {
        exportRepo: async (did) =>
          file(
            did === 'bad'
              ? numbers(1, new CairnError('storage.segment-gone'))
              : numbers(9, undefined, onCancel),
          ),
      },
    })
    const { client } = wire(cairn)
    const bad = (await client.library.exportRepo('bad', 'car')).stream.getReader()
    await bad.read()
    await expect(bad.read()).rejects.toMatchObject({ code: 'storage.segment-gone' })
    const stopped = (await client.library.exportRepo('stop', 'car')).stream.getReader()
    await stopped.read()
    await stopped.cancel()
    await cancelled
  })

  it('fails calls and streams in flight when the other side dies, and says so once', async () => {
    const { promise: never } = Promise.withResolvers<never>()
    const stuck = new ReadableStream<Uint8Array>({ pull: () => never }, { highWaterMark: 0 })
    const { cairn, listeners } = partial({
      library: { list: () => never, exportRepo: async () => file(stuck) },
    })
    let lost = 0
    const { client, stop } = wire(cairn, () => lost++)
    const reading = (await client.library.exportRepo('x', 'car')).stream.getReader().read()
    const call = client.library.list()
    stop()
    await expect(call).rejects.toMatchObject({ code: 'remote.lost' })
    await expect(reading).rejects.toMatchObject({ code: 'remote.lost' })
    await expect(client.library.list()).rejects.toMatchObject({ code: 'remote.lost' })
    expect(lost).toBe(1)
    expect(listeners.size).toBe(0)
  })

  it('closes the engine and then refuses calls', async () => {
    const { cairn, closed } = partial({})
    const { client } = wire(cairn)
    await client.close()
    await client.close()
    expect(closed()).toBe(1)
    await expect(client.library.list()).rejects.toMatchObject({ code: 'remote.lost' })
  })
})
