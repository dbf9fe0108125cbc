import type { Agent, AppBskyDraftDefs } from '@atproto/api'
import { isObject } from '../../../pds/values.ts'
import type { Moving, Step } from '../context.ts'
import type { PrivateName } from '../model.ts'
import { partOf, readPart } from '../private-data.ts'
import { privateRow, problemOf } from './settings.ts'

interface Kind {
  readonly name: PrivateName
  /** the same for what is the same thing, also after it was made anew; undefined for what is none */
  readonly key: (item: Readonly<Record<string, unknown>>) => string | undefined
  readonly make: (agent: Agent, item: Readonly<Record<string, unknown>>) => Promise<unknown>
}

/** What is with an AppView, by the account's DID, and how it is made again. */
const KINDS: readonly Kind[] = [
  {
    name: 'mutes',
    key: ({ did }) => textOf(did),
    make: (agent, { did }) => agent.app.bsky.graph.muteActor({ actor: String(did) }),
  },
  {
    name: 'mutedLists',
    key: ({ uri }) => textOf(uri),
    make: (agent, { uri }) => agent.app.bsky.graph.muteActorList({ list: String(uri) }),
  },
  {
    name: 'bookmarks',
    key: ({ uri, cid }) => (textOf(cid) === undefined ? undefined : textOf(uri)),
    make: (agent, { uri, cid }) =>
      agent.app.bsky.bookmark.createBookmark({ uri: String(uri), cid: String(cid) }),
  },
  {
    name: 'drafts',
    // It gets another id where it is made anew: what it says is all that it is known by.
    key: ({ draft }) => (isObject(draft) && Array.isArray(draft['posts']) ? canonical(draft) : undefined),
    // the AppView checks it; it is what one gave for the same account
    make: (agent, { draft }) => agent.app.bsky.draft.createDraft({ draft: draft as AppBskyDraftDefs.Draft }),
  },
]

/**
 * Puts back what an AppView keeps for the account and has no more: mutes, muted lists, bookmarks, drafts. It is kept
 * by DID, so where both servers ask the same AppView all of it has stayed. Never stops a move; one kind that cannot be
 * had stops no other.
 */
export const mutesStep: Step = async (moving) => {
  const kept = await privateRow(moving)
  let [made, stayed] = [0, 0]
  const problems: Partial<Record<PrivateName, string>> = {}
  for (const kind of KINDS) {
    const wanted = byKey(kind, partOf(kept, kind.name))
    if (wanted.size === 0) continue
    const done = await putBack(moving, kind, wanted)
    made += done.made
    stayed += done.stayed
    if (done.problem !== undefined) problems[kind.name] = done.problem
  }
  const [problem] = Object.values(problems)
  const failed = Object.keys(problems).join(' ')
  return { facts: { made, stayed, ...(problem === undefined ? {} : { problem, failed }) } }
}

type Items = ReadonlyMap<string, Readonly<Record<string, unknown>>>

async function putBack(moving: Moving, kind: Kind, wanted: Items) {
  const { did, home } = moving
  const now = await home.call((agent) => readPart(agent, kind.name, { did, host: home.host }))
  if (now.problem !== undefined) return { made: 0, stayed: 0, problem: now.problem }
  const there = byKey(kind, now.items)
  let made = 0
  const stayed = [...wanted.keys()].filter((key) => there.has(key)).length
  try {
    for (const [key, item] of wanted) {
      if (there.has(key)) continue
      await home.call((agent) => kind.make(agent, item))
      made++
    }
  } catch (error) {
    return { made, stayed, problem: problemOf(moving, error) }
  }
  return { made, stayed, problem: undefined }
}

/** Oldest first, as they were made: lists begin with the newest. */
function byKey(kind: Kind, items: readonly unknown[] | undefined): Items {
  const found = new Map<string, Readonly<Record<string, unknown>>>()
  for (const item of (items ?? []).toReversed()) {
    const key = isObject(item) ? kind.key(item) : undefined
    if (key !== undefined && isObject(item)) found.set(key, item)
  }
  return found
}

const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)

/** The same text for the same JSON value, in whatever order its fields come. */
const canonical = (value: unknown): string =>
  JSON.stringify(value, (_key, item: unknown) =>
    isObject(item) ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1))) : item,
  )
