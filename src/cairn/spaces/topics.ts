import { utf8 } from '../../core/bytes.ts'
import { secretTopic, type Topic } from '../../net/topics.ts'
import { deriveBytes, importSecret, KEY_BYTES } from '../../spaces/crypto.ts'
import { joinTopic } from '../../spaces/links/place.ts'
import { isLiveLink } from '../../spaces/members/may-read.ts'
import type { SpaceTopic } from '../../sync/spaces/model.ts'
import type { Vault } from '../../spaces/vault/model.ts'

const TAG = 'cairn.space.topic.v1'
/** Links by which one may ask to join, whose topics a member is found under. */
const MAX_LINKS = 16

/** Where those who hold an epoch's key meet: nothing of the key can be told from it. */
async function epochTopic(space: string, key: Uint8Array): Promise<Topic> {
  return secretTopic(await deriveBytes(await importSecret(key), [TAG, space], KEY_BYTES))
}

/** Where those who have a link that asks to join meet the members, who know it from the link's record. */
async function linkTopic(link: string): Promise<Topic> {
  return { id: await joinTopic(link), secret: secretTopic(utf8(link)).secret }
}

/**
 * Under which a device is found, and finds the others: of the epoch in use, so that whoever was removed does not go on
 * watching; of links by which one may ask or somebody waits, for those who ask. Under the epoch before it others are only looked for: a member who
 * was away while the new one began announces itself there. A newcomer without a key has the link's alone.
 */
export async function topicsOf(vault: Vault, now: number): Promise<SpaceTopic[]> {
  const { space } = vault.row
  const [newest, before] = vault.epochs()
  const isIn = vault.role() !== 'none'
  const state = vault.state()
  const asking = state.links
    .map(({ record }) => record)
    .filter(
      ({ approval, link }) =>
        approval && (isLiveLink(state, link, now) || state.asks.some((it) => it.link === link)),
    )
    .slice(-MAX_LINKS)
    .map(({ link }) => link)
  const own = state.asks.find(({ device }) => device === vault.device().id)
  const links = isIn ? asking : [own?.link ?? (await vault.prover()).id]
  const former = isIn && before !== undefined ? [epochTopic(space, before.key)] : []
  return Promise.all([
    ...(newest === undefined ? [] : [epochTopic(space, newest.key)]),
    ...former.map(async (topic) => ({ ...(await topic), announce: false })),
    ...links.map(linkTopic),
  ])
}
