import type { Copy, RelayStatus } from '../../cairn/api.ts'
import type { Stone } from '../components/stones.tsx'
import { parseTid } from '../../core/tid.ts'
import { formatDuration, plural } from './format.ts'
import { peerLabel } from './network.ts'
import type { Tone } from './repo-status.ts'

export interface CopiesSummary {
  readonly stones: readonly Stone[]
  /** copies that said what they hold, ours too */
  readonly held: number
  /** "3 copies, all current" */
  readonly title: string
  readonly tone: Tone
}

/** A picture of more stones would topple. */
const MAX_STONES = 5

const STONE: Readonly<Record<Copy['state'], Stone>> = {
  current: 'current',
  ahead: 'current',
  behind: 'behind',
  partial: 'behind',
  unknown: 'wanted',
}
const FROM_THE_GROUND: readonly Stone[] = ['current', 'behind', 'wanted']

/** The copies of a repo as a cairn and a few words. */
export function summarize(copies: readonly Copy[]): CopiesSummary {
  const stones = copies
    .map((copy) => (isDoubtful(copy) ? 'behind' : STONE[copy.state]))
    .sort((a, b) => FROM_THE_GROUND.indexOf(a) - FROM_THE_GROUND.indexOf(b))
  // the worst one is always in the picture
  const shown =
    stones.length > MAX_STONES ? [...stones.slice(0, MAX_STONES - 1), ...stones.slice(-1)] : stones
  const count = (...states: Copy['state'][]) => copies.filter(({ state }) => states.includes(state)).length
  const held = copies.length - count('unknown')
  const doubtful = copies.filter(isDoubtful).length
  const behind = count('behind', 'partial')
  const ahead = count('ahead')
  const part = (some: number) => `${some} of ${held} copies`
  const of = (some: number) => `${part(some)} ${some === 1 ? 'is' : 'are'}`
  const said = { stones: shown, held }
  if (held === 0) return { ...said, stones: ['wanted'], tone: 'quiet', title: 'No copy yet' }
  if (doubtful > 0)
    return {
      ...said,
      tone: 'bad',
      title: `${part(doubtful)} did not prove ${doubtful === 1 ? 'itself' : 'themselves'}`,
    }
  if (behind > 0) return { ...said, tone: 'behind', title: `${of(behind)} ${behindWord(copies)}` }
  if (ahead > 0) return { ...said, tone: 'behind', title: `${of(ahead)} newer than yours` }
  if (held > 1) return { ...said, tone: 'good', title: `${held} copies, all current` }
  const only = copies.find(({ state }) => state !== 'unknown')
  return {
    ...said,
    tone: 'good',
    title: only?.kind === 'self' ? '1 copy, on this device' : '1 copy, elsewhere',
  }
}

/** It claims to hold what it could not show when it was asked. */
function isDoubtful({ challenge }: Copy): boolean {
  return challenge !== undefined && !challenge.ok && challenge.code === 'sync.challenge-failed'
}

function behindWord(copies: readonly Copy[]): string {
  const late = copies.filter(({ state }) => state === 'behind' || state === 'partial')
  if (late.every(({ state }) => state === 'partial')) return 'not whole'
  const [one] = late
  const by = one === undefined || late.length > 1 ? undefined : lag(one, copies)
  return by === undefined ? 'behind' : `${by} behind`
}

const DAY = 86_400

/** How much older a copy is than ours: revisions tell the time that they were made at. */
export function lag(copy: Copy, copies: readonly Copy[]): string | undefined {
  const ours = timeOf(copies.find(({ kind }) => kind === 'self')?.rev)
  const theirs = timeOf(copy.rev)
  if (ours === undefined || theirs === undefined || theirs >= ours) return undefined
  const seconds = (ours - theirs) / 1e6
  return seconds < DAY ? formatDuration(seconds) : plural(Math.round(seconds / DAY), 'day')
}

function timeOf(rev: string | undefined): number | undefined {
  return rev === undefined ? undefined : parseTid(rev)?.micros
}

/** Who has it: "This device, Jun’s laptop and 2 more". */
export function holders(copies: readonly Copy[], relays: readonly RelayStatus[]): string {
  const names = copies
    .filter(({ state }) => state !== 'unknown')
    .map((copy) => (copy.kind === 'self' ? 'This device' : peerLabel(copy.peer, copy.name, relays)))
  if (names.length <= 3) return names.join(', ')
  return `${names.slice(0, 2).join(', ')} and ${names.length - 2} more`
}

/** The newest answer of any copy elsewhere. */
export function lastAnswer(copies: readonly Copy[]): number | undefined {
  const times = copies.flatMap(({ kind, answeredAt }) => (kind === 'self' ? [] : (answeredAt ?? [])))
  return times.length === 0 ? undefined : Math.max(...times)
}

/** How one copy stands: words for its pill. */
export function copyState(
  copy: Copy,
  copies: readonly Copy[],
): { readonly tone: Tone; readonly words: string } {
  if (isDoubtful(copy)) return { tone: 'bad', words: 'did not prove itself' }
  switch (copy.state) {
    case 'current':
      return { tone: 'good', words: 'current' }
    case 'behind': {
      const by = lag(copy, copies)
      return { tone: 'behind', words: by === undefined ? 'behind' : `${by} behind` }
    }
    case 'ahead':
      return { tone: 'behind', words: 'newer than yours' }
    case 'partial':
      return { tone: 'behind', words: 'in parts only' }
    case 'unknown':
      return { tone: 'quiet', words: 'not heard from' }
  }
}
