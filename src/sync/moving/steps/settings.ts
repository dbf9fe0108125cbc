import type { AppBskyActorDefs } from '@atproto/api'
import { isObject } from '../../../pds/values.ts'
import { CairnError } from '../../../core/errors.ts'
import type { Moving, Step } from '../context.ts'
import { type PrivateRow, privateKey } from '../model.ts'
import { isEmpty, mergePrivate, partOf, readPart, readPrivate } from '../private-data.ts'

/** Carries the preferences over: from the old server, or from what was exported before. Never stops a move. */
export const settingsStep: Step = async (moving) => {
  const { did, row, store, host } = moving
  if (row.kind === 'move') {
    const session = await moving.sessions.require(did, 'move')
    const about = { did, host: new URL(session.pds).host }
    const read = await readPrivate(await session.agent(), about, host.clock.now())
    // what was exported before is better than what cannot be read now
    const merged = mergePrivate(await privateRow(moving), read)
    if (isEmpty(merged)) return { facts: { carried: 0, problem: read.parts[0]?.problem ?? 'none-kept' } }
    await store.write([{ key: privateKey(did), value: merged }])
  }
  const kept = await privateRow(moving)
  const preferences = partOf(kept, 'preferences')
  if (preferences === undefined) {
    const problem = kept?.parts.find(({ name }) => name === 'preferences')?.problem ?? 'none-kept'
    return { facts: { carried: 0, problem } }
  }
  const typed = preferences.filter((item) => isObject(item) && typeof item['$type'] === 'string')
  try {
    await moving.home.call((agent) =>
      // the server checks each; they are what another server gave for the same call
      agent.app.bsky.actor.putPreferences({ preferences: typed as AppBskyActorDefs.Preferences }),
    )
  } catch (error) {
    return { facts: { carried: 0, problem: problemOf(moving, error) } }
  }
  return { facts: { carried: typed.length, takenAt: kept?.at } }
}

/** Mutes again who is not muted any more. They are with an AppView, by DID: mostly they have stayed. */
export const mutesStep: Step = async (moving) => {
  const { did, home } = moving
  const kept = await privateRow(moving)
  const wanted = didsOf(partOf(kept, 'mutes'))
  const lists = urisOf(partOf(kept, 'mutedLists'))
  if (wanted.length + lists.length === 0) return { facts: { muted: 0, stayed: 0 } }
  const about = { did, host: home.host }
  const [now, nowLists] = await home.call(async (agent) => [
    await readPart(agent, 'mutes', about),
    await readPart(agent, 'mutedLists', about),
  ])
  const problem = now?.problem ?? nowLists?.problem
  if (problem !== undefined) return { facts: { muted: 0, problem } }
  const there = new Set([...didsOf(now?.items), ...urisOf(nowLists?.items)])
  let muted = 0
  try {
    for (const actor of wanted.filter((it) => !there.has(it))) {
      await home.call((agent) => agent.app.bsky.graph.muteActor({ actor }))
      muted++
    }
    for (const list of lists.filter((it) => !there.has(it))) {
      await home.call((agent) => agent.app.bsky.graph.muteActorList({ list }))
      muted++
    }
  } catch (error) {
    return { facts: { muted, problem: problemOf(moving, error) } }
  }
  return { facts: { muted, stayed: wanted.length + lists.length - muted } }
}

/** Only our own rows are under this key. */
const privateRow = async ({ store, did }: Moving): Promise<PrivateRow | undefined> =>
  (await store.get(privateKey(did))) as PrivateRow | undefined

const textsOf = (items: readonly unknown[] | undefined, field: string): string[] =>
  (items ?? []).flatMap((item) => {
    const value = isObject(item) ? item[field] : undefined
    return typeof value === 'string' ? [value] : []
  })
const didsOf = (items: readonly unknown[] | undefined): string[] => textsOf(items, 'did')
const urisOf = (items: readonly unknown[] | undefined): string[] => textsOf(items, 'uri')

/** A stop is a stop; whatever else went wrong is told and left at that. */
function problemOf({ signal }: Moving, error: unknown): string {
  signal.throwIfAborted()
  if (error instanceof CairnError) return error.code
  throw error
}
