import type { AppBskyActorDefs } from '@atproto/api'
import { isObject } from '../../../pds/values.ts'
import { CairnError } from '../../../core/errors.ts'
import type { Moving, Step } from '../context.ts'
import { type PrivateRow, privateKey } from '../model.ts'
import { isEmpty, mergePrivate, partOf, readPrivate } from '../private-data.ts'

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

/** Only our own rows are under this key. */
export const privateRow = async ({ store, did }: Moving): Promise<PrivateRow | undefined> =>
  (await store.get(privateKey(did))) as PrivateRow | undefined

/** A stop is a stop; whatever else went wrong is told and left at that. */
export function problemOf({ signal }: Moving, error: unknown): string {
  signal.throwIfAborted()
  if (error instanceof CairnError) return error.code
  throw error
}
