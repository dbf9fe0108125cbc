import type { Agreement } from '../../cairn/api.ts'
import { CHOIR, JUN, MIRELA, NOW, ROSA } from './story-data.ts'

export const JUNS = '12D3KooWPjceQrSwdWXPyLLeABRXmuqt69Rg3sBYbU1Nft9HyQ6X'
export const TOVES = '12D3KooWH3uVF6wv47WnArKHk5p6cvgCJEb74UTmxztmQDc298L3'
export const STRANGER = '12D3KooWQYhTNQdmr3ArTeUHRYzFg94BKyTkoWBDWez9kSCVe2Xo'

const DAY = 86_400_000

const agreement = (id: string, more: Partial<Agreement>): Agreement => ({
  id,
  peer: JUNS,
  name: 'Jun’s laptop',
  theirs: JUN,
  ours: MIRELA,
  state: 'active',
  minCopies: 2,
  intervalSec: 600,
  priority: 50,
  createdAt: NOW - 20 * DAY,
  endedBy: undefined,
  waiting: false,
  refused: undefined,
  purged: undefined,
  ...more,
})

export const AGREEMENTS: readonly Agreement[] = [
  agreement('incoming', { peer: STRANGER, name: undefined, theirs: ROSA, ours: CHOIR, state: 'incoming' }),
  agreement('active', {}),
  agreement('offered', {
    peer: TOVES,
    name: 'Tove’s phone',
    theirs: undefined,
    state: 'offered',
    waiting: true,
  }),
  agreement('refused', {
    peer: TOVES,
    name: 'Tove’s phone',
    ours: CHOIR,
    state: 'offered',
    refused: 'limit',
  }),
  agreement('purged', { state: 'ended', endedBy: 'us', purged: 'purged', ours: CHOIR, theirs: undefined }),
  agreement('ended', { peer: TOVES, name: 'Tove’s phone', state: 'ended', endedBy: 'them', purged: 'kept' }),
]
