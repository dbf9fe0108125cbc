import type { Topic } from '../../net/topics.ts'
import type { Edit } from '../../spaces/content/model.ts'
import { createUndo, type Undo } from '../../spaces/content/undo.ts'
import { createFileChunks, type FileChunks } from '../../spaces/files/chunks.ts'
import { createPresence } from '../../spaces/presence/presence.ts'
import type { SpacePresence } from '../../spaces/presence/model.ts'
import type { SpaceRow, Vault } from '../../spaces/vault/model.ts'
import { openVault } from '../../spaces/vault/vault.ts'
import type { SpaceReplica } from '../../sync/spaces/model.ts'
import { type AccountProofs, createAccountProofs } from './accounts.ts'
import { createClones } from './clones.ts'
import { createSpaceFaults } from './faults.ts'
import { createSpaceFiles, type SpaceFiles } from './files.ts'
import { createSpaceNotes, type SpaceNotes } from './notes.ts'
import { quietly, type SpacesContext } from './parts.ts'
import { createSpaceReads, type SpaceReads } from './reads.ts'
import { createVaultReplica } from './replica.ts'
import { createSentMark } from './sent.ts'
import { topicsOf } from './topics.ts'

/** How often what is due is looked at: links that ended, what was seen, ms. */
const UPKEEP = 10_000

/** One space as the leading context has it open. */
export interface OpenSpace {
  readonly space: string
  readonly vault: Vault
  readonly chunks: FileChunks
  readonly files: SpaceFiles
  readonly notes: SpaceNotes
  readonly presence: SpacePresence
  readonly undo: () => Undo
  /** to be given to the network */
  readonly replica: SpaceReplica
  /** Edits that a person made: they can be taken back. */
  edit(edits: readonly Edit[]): Promise<void>
  /** Looks anew at what of this device's work others have. */
  markSent(): Promise<void>
  /** changes of this device that nobody else has yet */
  unsent(): number
  storedBytes(): Promise<number>
  readonly reads: SpaceReads
  /**
   * What is due once all that another has is here: it proves itself by its own key from then on, if that is possible,
   * and what was there before this person came is no news.
   */
  caughtUp(): Promise<void>
  isRecovery(device: string): boolean
  /** which accounts its persons are */
  readonly accounts: Pick<AccountProofs, 'of' | 'check'>
  /** ms since 1970, by this device's clock */
  now(): number
  close(): Promise<void>
}

/** `reopen` closes it and opens it again: what it is made of may have another device then. */
export async function openSpace(
  context: SpacesContext,
  row: SpaceRow,
  reopen: () => Promise<void>,
): Promise<OpenSpace> {
  const { host, emit, random, net, vaults } = context
  const { space } = row
  const { timers, clock } = host
  const now = (): number => clock.now()
  const vault = await openVault(vaults, row)
  const chunks = await createFileChunks(host.storage, space)
  const faults = createSpaceFaults(context, vault)
  const reads = await createSpaceReads(context, vault)
  let topics: readonly Topic[] = await topicsOf(vault, now())
  let undo: { readonly device: string; readonly stack: Undo } | undefined
  let stopUpkeep = (): void => {}
  let closed = false

  const changed = (): void => emit({ type: 'space', space })
  const edit = async (edits: readonly Edit[]): Promise<void> => {
    const counted = undoOf().begin(edits)
    await vault.edit(edits)
    counted()
  }
  const undoOf = (): Undo => {
    const device = vault.device().id
    if (undo?.device !== device) undo = { device, stack: createUndo(vault.content, device) }
    return undo.stack
  }
  const files = createSpaceFiles({
    ...{ space, chunks, random },
    person: () => vault.persons.personOf(vault.device().id) ?? vault.device().id,
    get: (id) => vault.content.get('file', id),
    list: (options) => vault.content.list('file', options),
    edit,
    sync: () => net()?.sync,
    onChange: (id) => emit({ type: 'space-file', space, id }),
  })
  // Who may not write may not see all that they wrote, either.
  if (vault.role() === 'writer' || vault.role() === 'admin') await files.sweep().catch(() => {})
  const presence = createPresence({
    ...{ space, timers, clock, random },
    signer: vault.device().signer,
    epochs: () => vault.epochs(),
    roleOf: (device) => vault.state().devices.get(device) ?? 'none',
    send: (payload) => net()?.sync.words.say(space, payload),
    onChange: () => emit({ type: 'space-presence', space }),
    onText: ({ device, note, update }) => quietly(notes.heard(device, note, update)),
    onRefused: faults.refusedWord,
  })
  const notes = createSpaceNotes({
    ...{ vault, timers, random, now },
    say: (note, value) => presence.text(note, value),
    onUpdate: (id, news) => emit({ type: 'space-note', space, id, ...news }),
    onFailure: faults.failed,
  })
  const sent = createSentMark(context, vault)
  const proofs = createAccountProofs(context, vault, changed)
  const clones = createClones(context, vault, { sentHead: sent.head, store: notes.flushAll, reopen })

  const refreshTopics = async (): Promise<void> => {
    const before = topics.map(({ id }) => String(id)).join()
    topics = await topicsOf(vault, now())
    if (topics.map(({ id }) => String(id)).join() !== before) net()?.sync.topicsChanged(space)
  }
  const stops = [
    vault.onIgnored(faults.ignored),
    vault.onIgnored(clones.ignored),
    vault.onChange((change) => {
      quietly(notes.changed(change))
      faults.changed(change)
      if (change.entities.length > 0) emit({ type: 'space-items', space, items: change.entities })
      if (change.members) quietly(refreshTopics())
      net()?.sync.changed(space)
      quietly(sent.look())
      changed()
    }),
  ]
  const openedAt = now()
  const caughtUp = async (): Promise<void> => {
    if (vault.role() === 'none') return
    // One round has brought all that another has since then, and another knows of this device.
    const isKnown = net()
      ?.sync.peers(space)
      .some(({ current, answeredAt = 0 }) => current && answeredAt >= openedAt)
    if (isKnown !== true) return
    if (!vault.actsAsSelf() && (await vault.actAsSelf())) changed()
    await reads.settle()
  }
  const upkeep = (): void => {
    stopUpkeep = timers.after(UPKEEP, () => {
      quietly(vault.links.closeDue(now()))
      quietly(vault.publishSeen())
      quietly(caughtUp())
      // A link that has ended is none to be found under.
      quietly(refreshTopics())
      if (!closed) upkeep()
    })
  }
  upkeep()
  emit({ type: 'space-opened', space })

  return {
    ...{ space, vault, chunks, files, notes, presence, edit, now },
    markSent: sent.look,
    unsent: sent.count,
    storedBytes: () => storedBytesOf(vault, chunks),
    ...{ caughtUp, reads },
    isRecovery: (device) => context.recovery.has(device),
    accounts: proofs,
    undo: undoOf,
    replica: createVaultReplica({
      ...{ vault, chunks, now },
      topics: () => topics,
      onMoved: (author) => quietly(vault.moved(author)),
      onFault: faults.fault,
      onOffered: (peer, heads) =>
        Promise.all([clones.offered(heads), faults.judge(peer, heads)]).then(() => {}),
    }),
    async close() {
      closed = true
      stopUpkeep()
      for (const stop of stops) stop()
      proofs.close()
      await presence.close()
      files.close()
      await notes.close()
      await vault.close()
    },
  }
}

/** What the repos of a space and its files take here. */
async function storedBytesOf({ store, log, row }: Vault, chunks: FileChunks): Promise<number> {
  let bytes = log.bytes
  for (const { bytes: size } of await chunks.list()) bytes += size
  let after: string | undefined
  for (;;) {
    const heads = await store.heads(`${row.space}/`, {
      limit: 500,
      ...(after === undefined ? {} : { after }),
    })
    for (const { head } of heads) bytes += head.bytes
    after = heads.at(-1)?.repo
    if (heads.length < 500) return bytes
  }
}
