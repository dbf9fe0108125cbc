import type { Entity } from '../../cairn/api.ts'
import type { StoryOptions } from './story-cairn.ts'
import { CHOIR, JUN, MIRELA, REPOS, ROSA } from './story-data.ts'
import { AGREEMENTS, COPIES, JUNS, PEERS, TOVES } from './story-network.ts'
import { PARTS } from './story-parts.ts'
import { DETAIL, ENTITIES, INES_P, JUN_P, MIRELA_P, ROSA_P, TOVE_P } from './story-space-data.ts'

const PEOPLE: Readonly<Record<string, string>> = {
  [MIRELA]: 'ميريلا أوكافور',
  [JUN]: 'جون هارو',
  [CHOIR]: 'جوقة المدّ والجزر',
  [ROSA]: 'روزا ليند',
}
const DEVICES: Readonly<Record<string, string>> = {
  [JUNS]: 'حاسوب جون المحمول',
  [TOVES]: 'هاتف توفا (الأزرق)',
}
const named = <T extends { readonly peer: string; readonly name: string | undefined }>(it: T): T => ({
  ...it,
  name: DEVICES[it.peer] ?? it.name,
})

const MEMBERS: Readonly<Record<string, string>> = {
  [MIRELA_P]: 'ميريلا أوكافور',
  [TOVE_P]: 'توفا (نائبة المدير)',
  [JUN_P]: 'جون هارو',
  [ROSA_P]: 'روزا ليند 2',
  [INES_P]: 'إينيس',
}
const SAID: Readonly<Record<string, string>> = {
  'post/a.third':
    'بروفة السبت في بيت القوارب، لا تدفئة في القاعة. @ميريلا أوكافور الطريق: https://maps.example/boathouse',
  'post/a.fourth': 'هل لدى أحدكم ملف إضافي (A4)؟',
  'note/songs': 'ترتيب الأغاني (v2)',
  'task/t2': 'المصابيح وأسلاك التمديد، 3 قطع',
  'file/pic': 'بيت القوارب (1).jpg',
}

/** What is said, in a direction of its own, among what runs the other way. */
const inArabic = (entity: Entity): Entity => {
  const words = SAID[`${entity.kind}/${entity.id}`]
  const field = { post: 'text', note: 'title', task: 'title', file: 'name' }[entity.kind as 'post'] ?? 'text'
  // a text for a text
  return words === undefined
    ? entity
    : ({ ...entity, fields: { ...entity.fields, [field]: words } } as Entity)
}

/** The same content with names that run from right to left. */
export const ARABIC: StoryOptions = {
  repos: REPOS.map((repo) => ({ ...repo, displayName: PEOPLE[repo.did] ?? repo.displayName })),
  parts: PARTS,
  spaces: {
    detail: {
      title: 'جوقة المدّ والجزر (2026)',
      persons: DETAIL.persons.map((it) => ({ ...it, name: MEMBERS[it.person] ?? it.name })),
    },
    entities: ENTITIES.map(inArabic),
  },
  network: {
    status: { peers: PEERS.map(named) },
    agreements: AGREEMENTS.map(named),
    copies: Object.fromEntries(Object.entries(COPIES).map(([did, copies]) => [did, copies.map(named)])),
  },
}
