import type { Clock } from '../../core/clock.ts'

/**
 * What one peer may say: so many words and characters at once, and so many more each second. Someone who types and
 * moves a cursor takes a tenth of it; checking as much as it lets through takes some percent of one core.
 */
export const ALLOWANCE = { words: 120, wordsPerSecond: 60, chars: 262_144, charsPerSecond: 131_072 } as const
/** Peers that are counted: whoever has been silent longest is forgotten, with nothing owed. */
const MAX_PEERS = 256

/** Says whether a payload of this many characters is within what a peer may say now, and counts it. */
export function createAllowance(clock: Clock): (from: string, chars: number) => boolean {
  const peers = new Map<string, { words: number; chars: number; at: number }>()
  return (from, chars) => {
    const now = clock.now()
    const last = peers.get(from) ?? { words: ALLOWANCE.words, chars: ALLOWANCE.chars, at: now }
    const seconds = Math.max(0, now - last.at) / 1000
    const left = {
      words: Math.min(ALLOWANCE.words, last.words + seconds * ALLOWANCE.wordsPerSecond),
      chars: Math.min(ALLOWANCE.chars, last.chars + seconds * ALLOWANCE.charsPerSecond),
      at: now,
    }
    const may = left.words >= 1 && left.chars >= chars
    peers.delete(from)
    peers.set(from, may ? { words: left.words - 1, chars: left.chars - chars, at: now } : left)
    const [silent] = peers.keys()
    if (peers.size > MAX_PEERS && silent !== undefined) peers.delete(silent)
    return may
  }
}
