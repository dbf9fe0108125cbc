import { expect } from 'vitest'
import { CairnError } from '../../core/errors.ts'
import type { Storage } from '../port.ts'

/** An adapter under test. */
export interface Subject {
  /** a fresh, empty storage */
  readonly open: () => Promise<Opened>
}

export interface Opened {
  readonly storage: Storage
  /** closes what is open and opens the same place again */
  readonly reopen: () => Promise<Storage>
  /** removes every trace; also after `destroy` */
  readonly cleanup: () => Promise<void>
}

/** Runs `work` on a fresh storage and removes it, however the test ends. */
export async function withStorage(
  subject: Subject,
  work: (storage: Storage, opened: Opened) => Promise<void>,
): Promise<void> {
  const opened = await subject.open()
  try {
    await work(opened.storage, opened)
  } finally {
    await opened.cleanup()
  }
}

/** Asserts that `promise` fails with a typed error of this code, and these fields among others. */
export async function expectCode(
  promise: Promise<unknown>,
  code: string,
  fields: Record<string, unknown> = {},
): Promise<void> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(CairnError)
  // Checked on the line above.
  const typed = error as CairnError
  expect({ code: typed.code, fields: typed.fields }).toMatchObject({ code, fields })
  structuredClone(typed.fields)
}

/** Bytes that tell their own place, so that a range read from the wrong one shows. */
export function pattern(length: number, seed = 1): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length)
  let state = seed >>> 0
  for (let at = 0; at < length; at++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    bytes[at] = state >>> 24
  }
  return bytes
}

/** Compares large byte arrays without printing them. */
export function expectBytes(actual: Uint8Array, expected: Uint8Array): void {
  expect(actual.byteLength).toBe(expected.byteLength)
  const wrong = actual.findIndex((byte, at) => byte !== expected[at])
  expect(wrong, 'first wrong byte').toBe(-1)
}
