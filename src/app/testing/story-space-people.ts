import type {
  AccountRecord,
  GroupCopy,
  JoinLink,
  JoinRequest,
  Presence,
  SpaceFileState,
} from '../../cairn/api.ts'
import { JUN, MIRELA, NOW } from './story-data.ts'
import { INES_P, JUN_P, MIRELA_P, ROSA_P, TOVE_P } from './story-space-data.ts'

const MINUTE = 60_000
const DAY = 86_400_000

const link = (id: string, more: Partial<JoinLink>): JoinLink => ({
  link: `did:key:zDnae${id}`,
  url: `https://cairn.garden.example/#/join/3KtQmV0b2ZzaWxlbmNlIQ.${id}c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0`,
  kind: 'editor',
  state: 'live',
  createdAt: NOW - 2 * DAY,
  expiresAt: Date.now() + 5 * DAY,
  uses: 20,
  joined: [],
  ignored: 0,
  by: MIRELA_P,
  atRelay: true,
  ...more,
})

/** Every state that a link can be in. */
export const LINKS: readonly JoinLink[] = [
  link('LinkEditor', {
    joined: [
      { person: JUN_P, name: 'Jun Haru', at: NOW - DAY },
      { person: INES_P, name: '', at: NOW - DAY },
    ],
  }),
  link('LinkAsk', {
    kind: 'ask',
    expiresAt: undefined,
    uses: 100,
    by: TOVE_P,
    url: undefined,
    atRelay: false,
  }),
  link('LinkViewer', {
    kind: 'viewer',
    state: 'used-up',
    uses: 1,
    joined: [{ person: ROSA_P, name: 'Rosa Lind', at: NOW - 9 * DAY }],
    ignored: 2,
    url: undefined,
  }),
  link('LinkOld', { state: 'revoked', url: undefined }),
]

export const REQUESTS: readonly JoinRequest[] = [
  {
    id: 'req-1',
    device: 'did:key:zDnaeSomebodyNew',
    name: 'Hana Kimura',
    at: NOW - 12 * MINUTE,
    link: 'did:key:zDnaeLinkAsk',
    role: 'writer',
  },
]

export const PRESENCE: readonly Presence[] = [
  {
    person: TOVE_P,
    device: `${TOVE_P}-phone`,
    name: 'Tove',
    where: 'posts',
    typing: true,
    cursor: undefined,
  },
  {
    person: JUN_P,
    device: `${JUN_P}-phone`,
    name: 'Jun Haru',
    where: 'note/songs',
    typing: false,
    cursor: undefined,
  },
]

export const GROUP_COPIES: readonly GroupCopy[] = [
  {
    did: MIRELA,
    person: MIRELA_P,
    handle: 'mirela.garden',
    keptHere: true,
    kept: [
      { person: MIRELA_P, current: true, answeredAt: NOW },
      { person: TOVE_P, current: true, answeredAt: NOW - 2 * MINUTE },
      { person: JUN_P, current: false, answeredAt: NOW - 2 * DAY },
    ],
  },
  {
    did: JUN,
    person: JUN_P,
    handle: 'jun.example',
    keptHere: false,
    kept: [{ person: TOVE_P, current: true, answeredAt: undefined }],
  },
]

/** On its way, here, and out of reach. */
export const FILE_STATES: readonly SpaceFileState[] = [
  { id: 'rec', chunks: 31, of: 81, transfer: 'receiving', error: undefined },
  { id: 'pic', chunks: 3, of: 3, transfer: 'none', error: undefined },
  { id: 'scores', chunks: 0, of: 1, transfer: 'failed', error: 'space-sync.no-chunk' },
]

export const ACCOUNT_RECORD: AccountRecord = {
  uri: 'at://did:plc:story/app.cairn.space.member/k4qmhhs4smqq7auh7ssps3qghg3oiszrhcwozfr2xmc7r2ulos2a',
  collection: 'app.cairn.space.member',
  rkey: 'k4qmhhs4smqq7auh7ssps3qghg3oiszrhcwozfr2xmc7r2ulos2a',
  value: { $type: 'app.cairn.space.member' },
}
