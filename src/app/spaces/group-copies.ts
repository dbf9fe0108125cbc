import type { GroupCopy } from '../../cairn/api.ts'
import type { Stone } from '../components/stones.tsx'
import { plural, pluralWord } from '../lib/format.ts'

/** A picture of more stones would topple. */
const MAX_STONES = 5

/** One repo's copies as stones from the ground up; one that nobody keeps is wanted. */
export function copyStones({ kept }: Pick<GroupCopy, 'kept'>): readonly Stone[] {
  if (kept.length === 0) return ['wanted']
  const stones = kept
    .map(({ current }): Stone => (current ? 'current' : 'behind'))
    .sort((a, b) => (a === b ? 0 : a === 'current' ? -1 : 1))
  // one that is behind is always in the picture
  return stones.length > MAX_STONES ? [...stones.slice(0, MAX_STONES - 1), ...stones.slice(-1)] : stones
}

/** All repos of the group in one cairn: a stone for each, behind when its copies are. */
export function groupStones(copies: readonly GroupCopy[]): readonly Stone[] {
  const rank: readonly Stone[] = ['current', 'behind', 'wanted']
  const stones = copies
    .map((copy): Stone => {
      if (copy.kept.length === 0) return 'wanted'
      return copy.kept.some(({ current }) => current) ? 'current' : 'behind'
    })
    .sort((a, b) => rank.indexOf(a) - rank.indexOf(b))
  return stones.length > MAX_STONES ? [...stones.slice(0, MAX_STONES - 1), ...stones.slice(-1)] : stones
}

/** "Two repositories are kept by the group, all current." */
export function groupSentence(copies: readonly GroupCopy[]): string {
  const alone = copies.filter(({ kept }) => kept.length === 0).length
  const behind = copies.filter(({ kept }) => kept.length > 0 && !kept.some(({ current }) => current)).length
  const said = `${pluralWord(copies.length, 'repository', 'repositories')} offered`
  if (alone > 0) return `${said}; ${alone === 1 ? 'one is' : `${alone} are`} kept by nobody yet.`
  if (behind > 0) return `${said}; of ${behind === 1 ? 'one' : `${behind}`} every copy is behind.`
  return `${said}, each with a current copy.`
}

/** "3 copies, all current", "1 of 3 copies is behind". */
export function copyTitle({ kept }: Pick<GroupCopy, 'kept'>): string {
  const late = kept.filter(({ current }) => !current).length
  if (kept.length === 0) return 'Nobody keeps a copy yet'
  if (late === 0) return kept.length === 1 ? '1 copy, current' : `${kept.length} copies, all current`
  return `${late} of ${plural(kept.length, 'copy', 'copies')} ${late === 1 ? 'is' : 'are'} behind`
}
