import * as Y from 'yjs'
import { expect } from 'vitest'
import { toHex } from '../../../core/bytes.ts'
import { CairnError } from '../../../core/errors.ts'
import { pinId, reactionId } from '../../../spaces/content/ids.ts'
import { restoreTree } from '../../../spaces/text/restore.ts'
import type { TextElement } from '../../../spaces/text/tree.ts'
import { TABLES, type Storage } from '../../../storage/port.ts'
import { sha256, withLevel } from '../../../storage/testing/node-host.ts'
import type { Spaces } from '../../space-model.ts'
import { type SpacesHere, spacesOn } from './space-kit.ts'

export const MIB = 1 << 20

const paragraph = (text: string): TextElement => ({
  ...{ type: 'paragraph', attrs: {} },
  children: text === '' ? [] : [{ text, marks: {} }],
})
export const TREE: readonly TextElement[] = [
  { type: 'heading', attrs: { level: 2 }, children: [{ text: 'Plants', marks: {} }] },
  {
    ...{ type: 'paragraph', attrs: {} },
    children: [
      { text: 'Water ', marks: {} },
      { text: 'daily', marks: { bold: {}, link: { href: 'https://example.com/' } } },
    ],
  },
  {
    ...{ type: 'bulletList', attrs: {} },
    children: [{ type: 'listItem', attrs: {}, children: [paragraph('Beans'), paragraph('Kale')] }],
  },
  { type: 'mood', attrs: { of: 'a later version', n: 3, on: true, none: null }, children: [] },
]

/** Types a tree into a note as an editor does. */
export async function typeNote(
  spaces: Spaces,
  space: string,
  id: string,
  tree: readonly TextElement[],
): Promise<void> {
  const { state, client } = await spaces.note(space, id)
  const doc = new Y.Doc()
  Y.applyUpdate(doc, state)
  doc.clientID = client
  const before = Y.encodeStateVector(doc)
  doc.transact(() => restoreTree(doc.getXmlFragment('note'), tree))
  await spaces.typeNote(space, id, Y.encodeStateAsUpdate(doc, before))
  doc.destroy()
}

export function noise(length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length)
  for (let at = 0; at < length; at += 65_536)
    crypto.getRandomValues(bytes.subarray(at, Math.min(length, at + 65_536)))
  return bytes
}

export const blobOf = (length: number): Blob => new Blob([noise(length)], { type: 'application/x-noise' })

export const FILES: Readonly<Record<string, Uint8Array<ArrayBuffer>>> = {
  'empty.txt': new Uint8Array(),
  'piece.bin': noise(MIB + 1),
  'film.mp4': noise(30 * MIB),
}

export const digestOf = (bytes: Uint8Array | undefined): string => toHex(sha256(bytes ?? new Uint8Array()))

/** A space with something of everything. */
export async function filled(spaces: Spaces): Promise<string> {
  const { space } = await spaces.create({ title: 'Garden / Club', name: 'Anna' })
  const { person } = (await spaces.get(space)) ?? expect.fail()
  const tag = reactionId(person, 'post/x.y', '👍').split('.')[0] ?? ''
  const file: Record<string, string> = {}
  for (const [name, bytes] of Object.entries(FILES))
    file[name] = await spaces.addFile(space, new Blob([bytes], { type: 'text/plain' }), name)
  const first = `post/${tag}.first`
  const edits = [
    { kind: 'space' as const, id: 'space', set: { about: 'Beds by the river' } },
    {
      kind: 'post' as const,
      id: `${tag}.first`,
      set: { text: 'Look', files: [`file/${file['film.mp4']}`], mentions: [person] },
    },
    { kind: 'post' as const, id: `${tag}.reply`, set: { text: 'Fine\nvery', parent: first } },
    {
      kind: 'reaction' as const,
      id: reactionId(person, first, '🌱'),
      set: { target: first, emoji: '🌱', on: true },
    },
    { kind: 'task' as const, id: 't1', set: { title: 'Dig', order: 'a1', due: '2026-05-01', done: true } },
    { kind: 'task' as const, id: 't0', set: { title: 'Rake', order: 'a0', assignee: person } },
    { kind: 'note' as const, id: 'n1', set: { title: 'Plan: 2026?' } },
    { kind: 'note' as const, id: 'n2', set: { title: 'plan  2026' } },
    { kind: 'note' as const, id: 'n3', set: { title: '' } },
    { kind: 'note' as const, id: 'gone', set: { title: 'Secret', deleted: true } },
    { kind: 'pin' as const, id: pinId('note/n1'), set: { target: 'note/n1', on: true, order: 'a0' } },
  ]
  await spaces.edit(space, edits)
  await typeNote(spaces, space, 'n1', TREE)
  await typeNote(spaces, space, 'n2', [paragraph('First'), paragraph(''), paragraph('Last')])
  return space
}

/** What a space holds, without whose and from when it is. */
export async function contentOf(spaces: Spaces, space: string) {
  const { content } = await spaces.snapshot(space)
  const kinds = new Set(['space', 'post', 'note', 'task', 'file', 'pin'])
  const short = (text: string): string => text.replace(/^((?:post\/)?)[a-z2-7]{20}\./, '$1')
  const entities = content.entities
    .filter(({ kind }) => kinds.has(kind))
    .map(({ kind, id, fields }) => {
      const { from: _from, mentions: _mentions, assignee: _assignee, ...rest } = fields
      const parent = typeof rest['parent'] === 'string' ? { parent: short(rest['parent']) } : {}
      return { kind, id: short(id), fields: { ...rest, ...parent } }
    })
  const notes = await Promise.all(['n1', 'n2', 'n3'].map((id) => spaces.noteContent(space, id)))
  const files: Record<string, string> = {}
  for (const { id, fields } of await spaces.entities(space, 'file')) {
    const name = (fields as { name?: string }).name ?? ''
    files[name] = digestOf(new Uint8Array(await (await spaces.file(space, id)).arrayBuffer()))
  }
  return { entities, notes, files }
}

export async function withSpaces(use: (here: SpacesHere, storage: Storage) => Promise<void>): Promise<void> {
  await withLevel(async (storage) => {
    const here = await spacesOn(storage)
    try {
      await use(here, storage)
    } finally {
      await here.close()
    }
  })
}

export async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work
    return 'none'
  } catch (error) {
    if (error instanceof CairnError) return error.code
    throw error
  }
}

/** How many rows and byte values there are of anything. */
export async function countOf(storage: Storage): Promise<Record<string, number>> {
  const counts = await Promise.all(TABLES.map(async (table) => [table, await storage.count(table)] as const))
  return { ...Object.fromEntries(counts), bytes: (await storage.byteKeys()).length }
}
