import type { Clock } from '../../core/clock.ts'
import type { SpaceAccess } from './access.ts'

/** Of one peer, words a second and their characters a second, each with a burst of as many. */
const WORDS_PER_SECOND = 200
const CHARACTERS_PER_SECOND = 1 << 20

/** Who a word came from. What it says of its sender is for the word's own signature to prove. */
export interface WordFrom {
  readonly peer: string
  /** the device or link that the peer proved to be; undefined for a store */
  readonly key: string | undefined
}

/** Short messages among those who are in a space at the same time. Nobody keeps them or passes them on. */
export interface SpaceWords {
  /**
   * Says a word to every peer that follows the space here.
   *
   * @throws EventError `events.too-large` for one that no frame holds
   */
  say(space: string, word: string): void
  onWord(listener: (space: string, word: string, from: WordFrom) => void): () => void
}

export interface SpaceWordsEnd extends SpaceWords {
  /** A word came by the stream of this peer. */
  heard(peer: string, space: string, word: string): void
}

/** The words of one node. A peer that says too much is not heard until it says less. */
export function createSpaceWords(options: {
  readonly say: (space: string, word: string) => void
  readonly access: Pick<SpaceAccess, 'keyOf'>
  readonly clock: Clock
}): SpaceWordsEnd {
  const listeners = new Set<(space: string, word: string, from: WordFrom) => void>()
  const rates = createRates(options.clock)
  return {
    say: options.say,
    onWord(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    heard(peer, space, word) {
      if (!rates.take(peer, word.length)) return
      const from = { peer, key: options.access.keyOf(peer, space) }
      for (const listener of listeners) listener(space, word, from)
    },
  }
}

interface Bucket {
  words: number
  characters: number
  at: number
}

/** Peers whose rate is remembered: of others nothing was heard for longer. */
const REMEMBERED = 1024

function createRates(clock: Clock): { take(peer: string, characters: number): boolean } {
  const buckets = new Map<string, Bucket>()
  return {
    take(peer, characters) {
      const now = clock.now()
      const before = buckets.get(peer)
      const bucket = before ?? { words: WORDS_PER_SECOND, characters: CHARACTERS_PER_SECOND, at: now }
      // A clock that was set back gives nothing.
      const passed = Math.max(0, now - bucket.at) / 1000
      bucket.at = now
      bucket.words = Math.min(WORDS_PER_SECOND, bucket.words + passed * WORDS_PER_SECOND)
      bucket.characters = Math.min(CHARACTERS_PER_SECOND, bucket.characters + passed * CHARACTERS_PER_SECOND)
      buckets.delete(peer)
      buckets.set(peer, bucket)
      const [oldest] = buckets.keys()
      if (buckets.size > REMEMBERED && oldest !== undefined) buckets.delete(oldest)
      if (bucket.words < 1 || bucket.characters < characters) return false
      bucket.words--
      bucket.characters -= characters
      return true
    },
  }
}
