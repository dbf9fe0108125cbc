import type { StoryOptions } from './story-cairn.ts'
import { CHOIR, JUN, MIRELA, REPOS, ROSA } from './story-data.ts'
import { AGREEMENTS, COPIES, JUNS, PEERS, TOVES } from './story-network.ts'
import { PARTS } from './story-parts.ts'

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

/** The same content with names that run from right to left. */
export const ARABIC: StoryOptions = {
  repos: REPOS.map((repo) => ({ ...repo, displayName: PEOPLE[repo.did] ?? repo.displayName })),
  parts: PARTS,
  network: {
    status: { peers: PEERS.map(named) },
    agreements: AGREEMENTS.map(named),
    copies: Object.fromEntries(Object.entries(COPIES).map(([did, copies]) => [did, copies.map(named)])),
  },
}
