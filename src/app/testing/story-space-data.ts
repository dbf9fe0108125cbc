import type { Entity, Kind, SpaceDetail, SpacePerson, SpaceSummary } from '../../cairn/api.ts'
import { NOW } from './story-data.ts'

/** A choir's space with invented content, in the states that screens must show. */

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

export const CHOIR_SPACE =
  'at://did:key:zDnaegbTsYqQxJdmGkR8TideWaterChoir/space/app.cairn.group/3m7qaxkd2k4s'
const ALLOTMENT = 'at://did:key:zDnaeyFdB7WqAllotmentSociety/space/app.cairn.group/3m7qb2kd2k4s'
export const BROKEN = 'at://did:key:zDnaeShedThatDoesNotOpen/space/app.cairn.group/3m7qd5kd2k4s'
export const DECLINED = 'at://did:key:zDnaeBellRingersSaidNo/space/app.cairn.group/3m7qe1kd2k4s'
export const ASKED = 'at://did:key:zDnaeRowingClubAskedToJoin/space/app.cairn.group/3m7qc9kd2k4s'

export const MIRELA_P = 'did:key:zDnaeMirelaPerson1111111111111111111111111111Mire'
export const TOVE_P = 'did:key:zDnaeTovePerson2222222222222222222222222222Tove'
export const JUN_P = 'did:key:zDnaeJunPerson333333333333333333333333333333JunH'
export const ROSA_P = 'did:key:zDnaeRosaPerson44444444444444444444444444444Rosa'
export const INES_P = 'did:key:zDnaeInesPerson55555555555555555555555555555Ines'

const person = (id: string, name: string, more: Partial<SpacePerson> = {}): SpacePerson => ({
  person: id,
  name,
  picture: undefined,
  role: 'writer',
  isSelf: false,
  isOwner: false,
  devices: [{ device: `${id}-phone`, isSelf: false, isRecovery: false, lastAt: NOW - 3 * HOUR, here: false }],
  via: { link: 'did:key:zDnaeLinkEditor', by: MIRELA_P },
  account: undefined,
  repos: [],
  keeps: [],
  ...more,
})

const PERSONS: readonly SpacePerson[] = [
  person(MIRELA_P, 'Mirela', {
    role: 'admin',
    isSelf: true,
    isOwner: true,
    via: undefined,
    account: {
      did: 'did:plc:ewvi7nxzyoun6zhxrhs64oiz',
      ...{ proven: true, handle: 'mirela.example', from: 'server', checkedAt: NOW - 4 * MINUTE },
    },
    repos: ['did:plc:ewvi7nxzyoun6zhxrhs64oiz'],
    keeps: ['did:plc:ragtjsm2j2vknwkz3zp4oxrd'],
    devices: [
      { device: `${MIRELA_P}-laptop`, isSelf: true, isRecovery: false, lastAt: NOW, here: true },
      { device: `${MIRELA_P}-phone`, isSelf: false, isRecovery: false, lastAt: NOW - 9 * DAY, here: false },
      { device: `${MIRELA_P}-words`, isSelf: false, isRecovery: true, lastAt: undefined, here: false },
    ],
  }),
  person(TOVE_P, 'Tove', {
    role: 'admin',
    devices: [
      { device: `${TOVE_P}-phone`, isSelf: false, isRecovery: false, lastAt: NOW - 2 * MINUTE, here: true },
    ],
  }),
  person(JUN_P, 'Jun Haru'),
  person(ROSA_P, 'Rosa Lind', { role: 'reader', via: { link: 'did:key:zDnaeLinkViewer', by: TOVE_P } }),
  person(INES_P, '', { via: { link: 'did:key:zDnaeLinkAsk', by: TOVE_P } }),
]

export const SUMMARY: SpaceSummary = {
  space: CHOIR_SPACE,
  title: 'Tidewater Choir',
  role: 'admin',
  state: 'member',
  fault: undefined,
  members: PERSONS.length,
  unread: 2,
  mentions: 1,
  sync: { connected: 2, current: 3, known: 4, unsent: 0, answeredAt: NOW - 2 * MINUTE },
  storedBytes: 87_300_000,
  joinedAt: NOW - 90 * DAY,
  changedAt: NOW - 2 * MINUTE,
}

export const SUMMARIES: readonly SpaceSummary[] = [
  SUMMARY,
  {
    ...SUMMARY,
    space: ALLOTMENT,
    title: 'Allotment Society',
    role: 'reader',
    members: 31,
    unread: 0,
    mentions: 0,
    sync: { connected: 0, current: 6, known: 6, unsent: 0, answeredAt: NOW - 3 * HOUR },
    storedBytes: 4_200_000,
    changedAt: NOW - 5 * HOUR,
  },
  {
    ...SUMMARY,
    space: ASKED,
    title: 'Rowing club, boat plans and rota for the spring',
    role: 'none',
    state: 'asked',
    members: 0,
    unread: 0,
    mentions: 0,
    sync: { connected: 0, current: 0, known: 0, unsent: 0, answeredAt: undefined },
    storedBytes: 2_048,
    changedAt: NOW - DAY,
  },
]

const ALONE = { members: 0, unread: 0, mentions: 0, storedBytes: 0 } as const

/** One that does not open on this device, one whose request was declined, and one whose request nobody can answer. */
export const TROUBLED: readonly SpaceSummary[] = [
  { ...SUMMARY, ...ALONE, space: BROKEN, title: 'Shed', fault: { code: 'keys.damaged', fields: {} } },
  { ...SUMMARY, ...ALONE, space: DECLINED, title: 'Bell ringers', role: 'none', state: 'declined' },
  {
    ...{ ...SUMMARY, ...ALONE, space: ASKED, title: 'Rowing club', role: 'none', state: 'asked' },
    fault: { code: 'spaces.link-revoked', fields: {} },
  },
]

export const DETAIL: SpaceDetail = {
  ...SUMMARY,
  about: 'Rehearsals, scores, and who brings the lamps.',
  device: `${MIRELA_P}-laptop`,
  person: MIRELA_P,
  isOwner: true,
  hidesPast: false,
  waitsFor: undefined,
  hasCopy: false,
  backup: true,
  persons: PERSONS,
  former: [],
  pins: ['post/a.second'],
  peers: [],
}

let counter = 10

/** An entity as the engine gives it; later ones have the greater counter. */
function entity<K extends Kind>(
  kind: K,
  id: string,
  fields: Entity<K>['fields'],
  by: string,
  ago: number,
  more: Partial<Entity<K>> = {},
): Entity<K> {
  counter += 1
  return {
    kind,
    id,
    fields,
    deleted: false,
    hidden: false,
    by,
    madeAt: NOW - ago,
    changedAt: NOW - ago,
    changedBy: by,
    counter,
    clockAhead: false,
    unsent: false,
    ...more,
  }
}

/** A picture of 2 by 2, as previews are. */
export const PREVIEW = Uint8Array.from(
  atob(
    'iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAIAAAD91JpzAAAAFklEQVR4nGOYueH/zA3/GUDEmWN/gAgASPAMIUF+Nd0AAAAASUVORK5CYII=',
  ),
  (char) => char.charCodeAt(0),
)

export const ENTITIES: readonly Entity[] = [
  entity(
    'space',
    'space',
    { title: 'Tidewater Choir', about: DETAIL.about, backup: true },
    MIRELA_P,
    90 * DAY,
  ),
  entity(
    'file',
    'rec',
    { name: 'Rehearsal, 13 November.m4a', type: 'audio/mp4', size: 84_000_000 },
    TOVE_P,
    6 * DAY,
  ),
  entity(
    'file',
    'pic',
    { name: 'boathouse.jpg', type: 'image/jpeg', size: 2_300_000, preview: PREVIEW },
    JUN_P,
    2 * DAY,
  ),
  entity(
    'file',
    'scores',
    { name: 'Scores for the altos.pdf', type: 'application/pdf', size: 640_000 },
    TOVE_P,
    DAY,
  ),
  entity('post', 'a.first', { text: 'Welcome, everyone. Notes hold the order of songs.' }, MIRELA_P, 8 * DAY),
  entity(
    'post',
    'a.second',
    {
      text: 'The recording of last week is in the files. It plays offline once you have opened it.',
      files: ['file/rec', 'file/pic'],
    },
    JUN_P,
    2 * DAY,
  ),
  entity('post', 'a.hidden', { text: 'Buy cheap watches at https://watches.example' }, INES_P, 20 * HOUR, {
    hidden: true,
  }),
  entity(
    'post',
    'a.third',
    {
      text: 'Saturday’s rehearsal moves to the boathouse, the hall has no heating. @Mirela can you bring the lamps? The way there: https://maps.example/boathouse',
      mentions: [MIRELA_P],
    },
    TOVE_P,
    40 * MINUTE,
  ),
  entity(
    'post',
    'r.one',
    { text: 'Good. I will bring them.', parent: 'post/a.third' },
    MIRELA_P,
    30 * MINUTE,
    { unsent: true },
  ),
  entity(
    'post',
    'r.two',
    { text: 'And I the extension leads. يوم السبت إن شاء الله', parent: 'post/a.third' },
    JUN_P,
    20 * MINUTE,
  ),
  entity('post', 'a.fourth', { text: 'Does anyone have a spare folder?' }, ROSA_P, 5 * MINUTE, {
    clockAhead: true,
  }),
  entity('reaction', 'x', { target: 'post/a.third', emoji: '👍', on: true }, JUN_P, 39 * MINUTE),
  entity('reaction', 'y', { target: 'post/a.third', emoji: '👍', on: true }, MIRELA_P, 38 * MINUTE),
  entity('reaction', 'z', { target: 'post/a.third', emoji: '🕯️', on: true }, ROSA_P, 30 * MINUTE),
  entity('note', 'songs', { title: 'Order of songs' }, TOVE_P, 3 * HOUR),
  entity('note', 'board', { title: 'Minutes of the board, September' }, MIRELA_P, 30 * DAY),
  entity('note', 'blank', {}, JUN_P, 50 * DAY),
  entity(
    'task',
    't1',
    { title: 'Book the boathouse', done: true, assignee: TOVE_P, order: 'a0' },
    TOVE_P,
    3 * DAY,
  ),
  entity(
    'task',
    't2',
    { title: 'Lamps and extension leads', assignee: MIRELA_P, due: '2026-11-21', order: 'a1' },
    TOVE_P,
    3 * DAY,
  ),
  entity('task', 't3', { title: 'Scores for the altos', due: '2026-11-18', order: 'a2' }, MIRELA_P, 2 * DAY),
  entity('task', 't4', { title: 'Ask the harbour master about parking', order: 'a3' }, JUN_P, DAY, {
    unsent: true,
  }),
]
