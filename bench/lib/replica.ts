import type { Page } from 'playwright-core'
import type { CallName, Calls } from '../pages/replica/protocol.ts'
import { createProfile, openPage, type Profile } from './chromium.ts'
import { watchMemory, type MemoryWatch } from './memory.ts'
import { type Hotspot, profilePage } from './profile.ts'

/** A device that takes part in a replication: a browser process of its own on a profile of its own. */
export interface Replica {
  readonly page: Page
  call<N extends CallName>(name: N, input: Parameters<Calls[N]>[0]): Promise<Awaited<ReturnType<Calls[N]>>>
  memory(): Promise<MemoryWatch | undefined>
  /** Samples what the page's thread and its worker do, until the returned function is called. */
  profile(): Promise<() => Promise<readonly Hotspot[]>>
  close(): Promise<void>
}

export async function openReplica(origin: string, profile: Profile): Promise<Replica> {
  const { context, page } = await openPage(`${origin}/replica.html`, profile)
  await page.waitForFunction(() => 'replica' in globalThis)
  return {
    page,
    call: async (name, input) => {
      const value = await page.evaluate(([of, argument]) => globalThis.replica.call(of, argument as never), [
        name,
        input,
      ] as const)
      // the page answers with the result of the call that was asked for
      return value as never
    },
    memory: () => watchMemory(context, page),
    profile: () => profilePage(context, page),
    close: () => context.close(),
  }
}

/** A device without a past, gone afterwards. */
export async function withFreshReplica<T>(origin: string, work: (one: Replica) => Promise<T>): Promise<T> {
  const profile = createProfile()
  try {
    return await withReplica(origin, profile, work)
  } finally {
    profile.remove()
  }
}

/** A device with the past that its profile has. */
export async function withReplica<T>(
  origin: string,
  profile: Profile,
  work: (one: Replica) => Promise<T>,
): Promise<T> {
  const one = await openReplica(origin, profile)
  try {
    return await work(one)
  } finally {
    await one.close()
  }
}
