import { compareBytes } from '../../core/bytes.ts'
import type { KeyCard } from '../key-card.ts'

/** Key cards, one for each device. */
export interface Cards {
  readonly get: (device: string) => KeyCard | undefined
  /** as they came, by device, ascending */
  readonly all: () => ReadonlyMap<string, Uint8Array>
  /** Whether this is another card than the one that is kept, and would be kept in its place. */
  readonly isWanted: (device: string, bytes: Uint8Array) => boolean
  /** Keeps a card that was proven. */
  readonly put: (card: KeyCard, bytes: Uint8Array) => void
}

/**
 * Of several cards that one device signed the one with the least bytes is kept: so logs that hold the same cards agree
 * on one, whatever came first.
 */
export function createCards(): Cards {
  const held = new Map<string, { readonly card: KeyCard; readonly bytes: Uint8Array }>()
  let all: ReadonlyMap<string, Uint8Array> | undefined
  const isWanted = (device: string, bytes: Uint8Array): boolean => {
    const now = held.get(device)
    return now === undefined || compareBytes(bytes, now.bytes) < 0
  }
  return {
    isWanted,
    get: (device) => held.get(device)?.card,
    all: () =>
      (all ??= new Map(
        [...held].sort(([a], [b]) => (a < b ? -1 : 1)).map(([device, it]) => [device, it.bytes] as const),
      )),
    put(card, bytes) {
      if (!isWanted(card.device, bytes)) return
      held.set(card.device, { card, bytes })
      all = undefined
    },
  }
}
