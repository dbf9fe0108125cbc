import type { Agent } from '@atproto/api'
import { CairnError } from '../../core/errors.ts'
import { callError } from '../../pds/account/call-error.ts'
import type { PrivateName, PrivatePart, PrivateRow } from './model.ts'

/** Items of one kind; far above what anyone has by hand. */
const MAX_ITEMS = 10_000
const PAGE = 100

type Page = { readonly items: readonly unknown[]; readonly cursor: string | undefined }
type Read = (agent: Agent, cursor: string | undefined) => Promise<Page>

/** What there is beside the repo, and how it is read. All but preferences is with an AppView, behind the server. */
const READS: Readonly<Record<PrivateName, Read>> = {
  preferences: async (agent) => {
    const { data } = await agent.app.bsky.actor.getPreferences()
    return { items: data.preferences, cursor: undefined }
  },
  mutes: async (agent, cursor) => {
    const { data } = await agent.app.bsky.graph.getMutes(query(cursor))
    return { items: data.mutes.map(({ did, handle }) => ({ did, handle })), cursor: data.cursor }
  },
  mutedLists: async (agent, cursor) => {
    const { data } = await agent.app.bsky.graph.getListMutes(query(cursor))
    return { items: data.lists.map(({ uri, name }) => ({ uri, name })), cursor: data.cursor }
  },
  drafts: async (agent, cursor) => {
    const { data } = await agent.app.bsky.draft.getDrafts(query(cursor))
    return { items: data.drafts, cursor: data.cursor }
  },
  bookmarks: async (agent, cursor) => {
    const { data } = await agent.app.bsky.bookmark.getBookmarks(query(cursor))
    return { items: data.bookmarks.map(({ subject }) => subject), cursor: data.cursor }
  },
}

const query = (cursor: string | undefined) => ({ limit: PAGE, ...(cursor === undefined ? {} : { cursor }) })

/**
 * What the account has beside its repo, as far as its server and those behind it give it out. What cannot be had is
 * told by its code; nothing of it stops the rest. Direct messages are in no answer of any of them.
 */
export async function readPrivate(
  agent: Agent,
  about: { readonly did: string; readonly host: string },
  now: number,
): Promise<PrivateRow> {
  const parts: PrivatePart[] = []
  for (const name of Object.keys(READS) as PrivateName[]) parts.push(await readPart(agent, name, about))
  return { did: about.did, at: now, parts }
}

export async function readPart(
  agent: Agent,
  name: PrivateName,
  about: { readonly did: string; readonly host: string },
): Promise<PrivatePart> {
  const items: unknown[] = []
  try {
    let cursor: string | undefined
    do {
      const page = await READS[name](agent, cursor)
      items.push(...page.items)
      cursor = page.items.length === 0 ? undefined : page.cursor
    } while (cursor !== undefined && items.length < MAX_ITEMS)
    return { name, items, problem: undefined }
  } catch (error) {
    const known = error instanceof CairnError ? error : callError(error, about)
    return { name, items: undefined, problem: known.code }
  }
}

/** What was read now, and what was read before of that which could not be read now. */
export function mergePrivate(before: PrivateRow | undefined, read: PrivateRow): PrivateRow {
  if (before === undefined) return read
  const parts = read.parts.map((part) => {
    const items = part.items ?? partOf(before, part.name)
    return { ...part, items }
  })
  const isNew = read.parts.some(({ items }) => items !== undefined)
  return { ...read, at: isNew ? read.at : before.at, parts }
}

/** Nothing could be read, now or before: there is no such row to keep. */
export const isEmpty = ({ parts }: PrivateRow): boolean => parts.every(({ items }) => items === undefined)

export const partOf = (row: PrivateRow | undefined, name: PrivateName): readonly unknown[] | undefined =>
  row?.parts.find((part) => part.name === name)?.items
