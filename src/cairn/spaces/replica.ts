import type { SpaceReplica, SpaceFault } from '../../sync/spaces/model.ts'
import type { FileChunks } from '../../spaces/files/chunks.ts'
import { isLiveLink } from '../../spaces/members/live-link.ts'
import type { Vault } from '../../spaces/vault/model.ts'
import type { Topic } from '../../net/topics.ts'

/** A space of this device as others have it from us. */
export function createVaultReplica(options: {
  readonly vault: Vault
  readonly chunks: FileChunks
  readonly topics: () => readonly Topic[]
  readonly now: () => number
  readonly onMoved: (author: string) => void
  readonly onFault: (fault: SpaceFault) => void
  readonly onOffered: NonNullable<SpaceReplica['onOffered']>
}): SpaceReplica {
  const { vault, chunks, topics, now } = options
  const { log, row } = vault
  return {
    space: row.space,
    log,
    repos: vault.store,
    get device() {
      return vault.device().id
    },
    mayRead(key) {
      const state = vault.state()
      return state.devices.has(key) || isLiveLink(state, key, now())
    },
    async prove(challenge) {
      const signer = await vault.prover()
      return { key: signer.id, sig: await signer.sign(challenge) }
    },
    topics,
    onMoved: (author) => options.onMoved(author),
    onFault: options.onFault,
    onOffered: options.onOffered,
    chunks,
  }
}
