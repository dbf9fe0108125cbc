import { hash } from 'node:crypto'
import { expect, it } from 'vitest'
import { createDigest } from '../core/hash.ts'
import { createDigestAside, type DigestThread } from './digest-aside.ts'

const sha256 = (bytes: Uint8Array): Uint8Array => new Uint8Array(hash('sha256', bytes, 'buffer'))
const LONG = 3 << 20
/** Has bytes before and after that are none of the text. */
const made = (): Uint8Array<ArrayBuffer> =>
  new Uint8Array(LONG + 20)
    .fill(7)
    .fill(9, 0, 10)
    .subarray(10, LONG + 10)
const wanted = sha256(made())

function setup(answer: (thread: EventTarget, message: Uint8Array<ArrayBuffer>) => void) {
  let started = 0
  let ended = 0
  const late: (() => void)[] = []
  const start = (): DigestThread => {
    started++
    const target = new EventTarget()
    return Object.assign(target, {
      postMessage(message: Uint8Array<ArrayBuffer>, transfer: Transferable[]) {
        const got = structuredClone(message, { transfer })
        queueMicrotask(() => answer(target, got))
      },
      terminate: () => void ended++,
    })
  }
  const timers = {
    after(_ms: number, run: () => void) {
      late.push(run)
      return () => void late.splice(late.indexOf(run), 1)
    },
  }
  const digest = createDigest(sha256, createDigestAside(start, timers))
  return { digest, late, started: () => started, ended: () => ended }
}

const hashing = (thread: EventTarget, message: Uint8Array<ArrayBuffer>): void => {
  const { buffer } = new Uint8Array(sha256(message))
  thread.dispatchEvent(new MessageEvent('message', { data: buffer }))
}

it('hashes what is very long on a thread of its own, which it ends', async () => {
  const { digest, late, started, ended } = setup(hashing)
  let times = 0
  const make = (): Uint8Array<ArrayBuffer> => {
    times++
    return made()
  }
  expect(await digest(make)).toEqual(wanted)
  expect([times, started(), ended(), late.length]).toEqual([1, 1, 1, 0])
})

it('hashes everything else here', async () => {
  const { digest, started } = setup(hashing)
  for (const length of [0, 1000, 100_000]) {
    const bytes = new Uint8Array(length).fill(3)
    expect(await digest(() => bytes)).toEqual(sha256(bytes))
  }
  expect(started()).toBe(0)
})

it('hashes it here where the thread cannot be started, fails, or says nothing', async () => {
  const failing = setup((thread) => thread.dispatchEvent(new Event('error')))
  expect(await failing.digest(made)).toEqual(wanted)
  expect(failing.ended()).toBe(1)
  const silent = setup(() => {
    for (const run of silent.late) run()
  })
  expect(await silent.digest(made)).toEqual(wanted)
  expect(silent.ended()).toBe(1)
  const none = createDigest(
    sha256,
    createDigestAside(
      () => {
        throw new Error('no threads here')
      },
      { after: () => () => {} },
    ),
  )
  expect(await none(made)).toEqual(wanted)
})
