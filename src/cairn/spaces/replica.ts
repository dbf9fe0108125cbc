import type { OfferedHead, SpaceReplica, SpaceFault } from '../../sync/spaces/model.ts'
import type { FileChunks } from '../../spaces/files/chunks.ts'
import { mayRead } from '../../spaces/members/may-read.ts'
import type { Vault } from '../../spaces/vault/model.ts'
import type { SpaceStore } from '../../storage/space/store.ts'
import type { Topic } from '../../net/topics.ts'

/** A space of this device as others have it from us. */
export function createVaultReplica(options: {
  readonly vault: Vault
  readonly chunks: FileChunks
  readonly topics: () => readonly Topic[]
  readonly now: () => number
  readonly onMoved: (author: string) => void
  readonly onFault: (fault: SpaceFault) => void
  readonly onOffered: (peer: string, heads: ReadonlyMap<string, OfferedHead>) => Promise<void>
}): SpaceReplica {
  const { vault, chunks, topics, now } = options
  const { log, row } = vault
  /** what was offered last is being looked at */
  let judging: Promise<unknown> = Promise.resolve()
  const repos: SpaceStore = {
    ...vault.store,
    // Where a copy of this profile turns out to write elsewhere, nothing of that repo is handed over any more.
    async heads(prefix, page) {
      await judging
      return vault.store.heads(prefix, page)
    },
  }
  return {
    space: row.space,
    log,
    repos,
    get device() {
      return vault.device().id
    },
    mayRead: (key) => mayRead(vault.state(), key, now()),
    async prove(challenge) {
      const signer = await vault.prover()
      return { key: signer.id, sig: await signer.sign(challenge) }
    },
    topics,
    onMoved: (author) => options.onMoved(author),
    onFault: options.onFault,
    onOffered(peer, heads) {
      judging = options.onOffered(peer, heads).catch(() => {})
    },
    chunks,
  }
}
