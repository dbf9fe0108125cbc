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
const SAID: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'post/a.third': {
    text: 'بروفة السبت في بيت القوارب، لا تدفئة في القاعة. @ميريلا أوكافور الطريق: https://maps.example/boathouse',
  },
  'post/a.fourth': { text: 'هل لدى أحدكم ملف إضافي (A4)؟' },
  'note/songs': { title: 'ترتيب الأغاني (v2)' },
  'task/t2': { title: 'المصابيح وأسلاك التمديد، 3 قطع' },
  'file/pic': { name: 'بيت القوارب (1).jpg' },
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
    // each in a direction of its own, among what runs the other way
    entities: ENTITIES.map((it) => ({ ...it, fields: { ...it.fields, ...SAID[`${it.kind}/${it.id}`] } })),
  },
  network: {
    status: { peers: PEERS.map(named) },
    agreements: AGREEMENTS.map(named),
    copies: Object.fromEntries(Object.entries(COPIES).map(([did, copies]) => [did, copies.map(named)])),
  },
}
