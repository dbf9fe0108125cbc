import * as Y from 'yjs'
import { createPrng } from '../../../src/repo/testing/prng.ts'
import { newEntityId, personTag, pinId, reactionId, readId } from '../../../src/spaces/content/ids.ts'
import type { Edit } from '../../../src/spaces/content/model.ts'
import { generateNKeysBetween } from 'fractional-indexing'
import { TEXT_COLLECTION, TEXT_FIELD } from '../../../src/spaces/text/limits.ts'
import { createNoteText } from '../../../src/spaces/text/note-text.ts'
import type { Vault } from '../../../src/spaces/vault/model.ts'

/** What a group of some months has: of a hundred entities so many of each kind. */
const MIX = { post: 60, reaction: 18, task: 10, file: 4, note: 3, pin: 1, read: 4 } as const
const WORDS =
  'the beds by the river want water on Monday and who has the key to the shed we could plant beans or kale this year'.split(
    ' ',
  )
/** Edits in one commit: some that were made at once, as when a person was offline. */
const AT_ONCE = 20
/** Of tasks, how many of ten another member has changed too. */
const SHARED = 3

export interface Written {
  readonly entities: number
  readonly notes: readonly string[]
}

/** Fills a space by its members, each the same share; every vault has what its own device wrote. */
export async function fill(vaults: readonly Vault[], entities: number, seed: number): Promise<Written> {
  const prng = createPrng(seed)
  const chance = (length: number): Uint8Array => Uint8Array.from({ length }, () => prng.int(256))
  const text = (words: number): string =>
    Array.from({ length: words }, () => WORDS[prng.int(WORDS.length)] ?? '').join(' ')
  const posts: string[] = []
  const tasks: string[] = []
  const notes: string[] = []
  const orders = generateNKeysBetween(null, null, Math.ceil((entities * MIX.task) / 100) + vaults.length)
  let made = 0

  const editOf = (person: string): Edit => {
    const kind = kindAt(made)
    const target = `post/${posts[prng.int(posts.length)] ?? `${personTag(person)}.first`}`
    switch (kind) {
      case 'post': {
        const id = newEntityId('post', person, chance)
        const parent = posts.length > 0 && prng.int(2) === 0 ? { parent: target } : {}
        posts.push(id)
        return { kind, id, set: { text: text(4 + prng.int(40)), ...parent } }
      }
      case 'reaction': {
        // so many that no two are the same
        const emoji = String.fromCodePoint(0x1f331 + (made % 300))
        return { kind, id: reactionId(person, target, emoji), set: { target, emoji, on: true } }
      }
      case 'task': {
        const id = newEntityId('task', person, chance)
        const order = orders[tasks.length] ?? 'a0'
        tasks.push(id)
        return { kind, id, set: { title: text(3 + prng.int(6)), done: prng.int(2) === 0, order } }
      }
      case 'file': {
        const set = { name: `${text(2)}.jpg`, type: 'image/jpeg', size: 1_000_000, preview: chance(3000) }
        return { kind, id: newEntityId('file', person, chance), set }
      }
      case 'note': {
        const id = newEntityId('note', person, chance)
        notes.push(id)
        return { kind, id, set: { title: text(4) } }
      }
      case 'pin':
        return { kind, id: pinId(`${target}-${made}`), set: { target, on: true } }
      case 'read':
        return { kind, id: readId(person, target), set: { upTo: 1 } }
    }
  }

  for (const [index, vault] of vaults.entries()) {
    const device = vault.device().id
    const person = vault.persons.personOf(device) ?? device
    const share = Math.floor(entities / vaults.length) + (index < entities % vaults.length ? 1 : 0)
    const end = made + share
    const before = { tasks: tasks.length, notes: notes.length }
    while (made < end) {
      const edits: Edit[] = []
      for (; made < end && edits.length < AT_ONCE; made++) edits.push(editOf(person))
      await vault.edit(edits)
    }
    const others = tasks.slice(0, before.tasks).filter(() => prng.int(10 * vaults.length) < SHARED)
    if (others.length > 0)
      await vault.edit(others.map((id) => ({ kind: 'task', id, set: { done: true, title: text(5) } })))
    for (const note of notes.slice(before.notes)) await type(vault, note, text(200 + prng.int(300)))
  }
  return { entities: made, notes }
}

const KINDS_OF_100 = Object.entries(MIX).flatMap(([kind, count]) =>
  // by the type of `MIX`
  Array.from({ length: count }, () => kind as keyof typeof MIX),
)
/** 37 and 100 have no divisor in common, so that each hundred has the whole mix. */
const kindAt = (made: number): keyof typeof MIX => KINDS_OF_100[(made * 37) % 100] ?? 'post'

/** Text of a note, as an editor that was left has stored it. */
async function type(vault: Vault, note: string, words: string): Promise<void> {
  const random = (length: number): Uint8Array => crypto.getRandomValues(new Uint8Array(length))
  const text = createNoteText({ note, device: vault.device().id, random })
  const doc = new Y.Doc()
  doc.clientID = text.open().client
  doc.transact(() => {
    const paragraph = new Y.XmlElement('paragraph')
    paragraph.insert(0, [new Y.XmlText(words)])
    doc.getXmlFragment(TEXT_FIELD).insert(0, [paragraph])
  })
  text.typed(Y.encodeStateAsUpdate(doc), Date.now())
  doc.destroy()
  const flush = text.take({ settle: true })
  const records = flush?.changes.map(({ rkey, value }) => ({ collection: TEXT_COLLECTION, rkey, value }))
  await vault.write(records ?? [])
  flush?.written()
}
