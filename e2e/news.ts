import { expect } from './expect.ts'
import type { Device } from './device.ts'
import type { Pds } from './pds/client.ts'
import { post, tid } from './pds/seed.ts'

/** Ticks that no seeded account uses: see `seed.ts`. */
let tick = 600_000

export interface News {
  /** of the record in its repo */
  readonly path: string
  readonly text: string
  /** of the repo that holds it */
  readonly rev: string
}

/** Writes a new post at the account's server. */
export async function writeNews(pds: Pds, did: string): Promise<News> {
  const text = `News of ${++tick}`
  const { commit } = await pds.call('applyWrites', { did, writes: [post(tick, text)] })
  return { path: `app.bsky.feed.post/${tid(tick)}`, text, rev: commit.rev }
}

/** When and how a browser last took a repo in. */
export async function lastTaken(device: Device, did: string): Promise<{ at: number; kind: string }> {
  const item = (await device.activity(did)).find(({ kind }) => /^(backup\.done|peer\.pulled)$/.test(kind))
  return { at: item?.at ?? 0, kind: item?.kind ?? '' }
}

/** Waits until a browser has this head, and that it came from someone else's copy. */
export async function expectFromPeer(device: Device, did: string, rev: string): Promise<void> {
  await device.reaches(did, rev)
  await expect.poll(async () => (await lastTaken(device, did)).kind, { intervals: [50] }).toBe('peer.pulled')
}
