import type { SignedOperation } from './operation.ts'

/** Operations whose parents are not in yet. */
export interface Waiting {
  readonly has: (cid: string) => boolean
  /** Keeps one; what goes for it is forgotten, to be asked for again. False when it has no room itself. */
  readonly add: (signed: SignedOperation, isKnown: boolean) => boolean
  /** Takes out those that name this parent. */
  readonly take: (parent: string) => SignedOperation[]
  /** Whether one by another author waits for this operation. */
  readonly isWanted: (cid: string, author: string) => boolean
  /** Those of known authors that wait for this operation, or for one that does, and so on. */
  readonly behind: (cid: string) => SignedOperation[]
  /** CIDs that are waited for and do not wait themselves, ascending. */
  readonly missing: () => string[]
  readonly size: () => number
}

export interface WaitingLimits {
  readonly operations: number
  readonly perAuthor: number
  readonly bytes: number
}

export const WAITING_LIMITS: WaitingLimits = { operations: 1_024, perAuthor: 64, bytes: 2_097_152 }

interface Entry {
  readonly signed: SignedOperation
  readonly isKnown: boolean
}

/** `isIn` tells what is in the set already. */
export function createWaiting(isIn: (cid: string) => boolean, limits: WaitingLimits): Waiting {
  // A map keeps the order in which they came.
  const entries = new Map<string, Entry>()
  const children = new Map<string, Set<string>>()
  const counts = new Map<string, number>()
  let bytes = 0

  function remove(cid: string): void {
    const entry = entries.get(cid)
    if (entry === undefined) return
    const { operation } = entry.signed
    entries.delete(cid)
    bytes -= entry.signed.bytes.length
    const left = (counts.get(operation.author) ?? 1) - 1
    if (left === 0) counts.delete(operation.author)
    else counts.set(operation.author, left)
    for (const parent of operation.parents) {
      const named = children.get(parent)
      named?.delete(cid)
      if (named?.size === 0) children.delete(parent)
    }
  }

  /** The oldest of unknown authors, else, for one that is known, the oldest. */
  function oldest(isKnown: boolean): string | undefined {
    let first: string | undefined
    for (const [cid, entry] of entries) {
      if (!entry.isKnown) return cid
      first ??= cid
    }
    return isKnown ? first : undefined
  }

  return {
    has: (cid) => entries.has(cid),
    add(signed, isKnown) {
      const { author, parents } = signed.operation
      if ((counts.get(author) ?? 0) >= limits.perAuthor || signed.bytes.length > limits.bytes) return false
      while (entries.size >= limits.operations || bytes + signed.bytes.length > limits.bytes) {
        const going = oldest(isKnown)
        if (going === undefined) return false
        remove(going)
      }
      entries.set(signed.cid, { signed, isKnown })
      bytes += signed.bytes.length
      counts.set(author, (counts.get(author) ?? 0) + 1)
      for (const parent of parents) {
        if (isIn(parent)) continue
        const named = children.get(parent) ?? new Set<string>()
        children.set(parent, named.add(signed.cid))
      }
      return true
    },
    take(parent) {
      const found = [...(children.get(parent) ?? [])].flatMap((cid) => entries.get(cid)?.signed ?? [])
      for (const { cid } of found) remove(cid)
      return found
    },
    isWanted: (cid, author) =>
      [...(children.get(cid) ?? [])].some((it) => entries.get(it)?.signed.operation.author !== author),
    behind(cid) {
      const found = new Set([cid])
      // A set gives what was added while it is walked, too.
      for (const it of found) for (const child of children.get(it) ?? []) found.add(child)
      return [...found].flatMap((it) => {
        const entry = entries.get(it)
        return entry?.isKnown === true ? [entry.signed] : []
      })
    },
    missing: () => [...children.keys()].filter((it) => !entries.has(it) && !isIn(it)).sort(),
    size: () => entries.size,
  }
}
