import { setTimeout } from 'node:timers/promises'
import type { Page } from 'playwright-core'
import type { Typist, TypistSystem } from '../pages/typist/protocol.ts'
import { createProfile, openPage } from './chromium.ts'

/** A person at a note, in a browser of their own. */
export interface TypistPage {
  readonly page: Page
  call<N extends keyof Typist>(name: N, input: Parameters<Typist[N]>[0]): ReturnType<Typist[N]>
}

/** Until each knows that the other is here, ms. */
const TOGETHER_WITHIN = 30_000

/** Two who have one note open at the same server; their browsers and profiles are gone afterwards. */
export async function withTypists<T>(
  { origin, system, server }: { readonly origin: string; system: TypistSystem; readonly server: string },
  work: (writer: TypistPage, reader: TypistPage) => Promise<T>,
): Promise<T> {
  const profiles = [createProfile(), createProfile()]
  const ends: (() => Promise<void>)[] = []
  try {
    const typists: TypistPage[] = []
    let invitation = ''
    for (const profile of profiles) {
      const { context, page } = await openPage(`${origin}/typist-${system}.html`, profile)
      ends.push(() => context.close())
      await page.waitForFunction(() => 'typist' in globalThis)
      const one = typistOf(page)
      await one.call('start', { server, invitation })
      if (typists.length === 0) invitation = await one.call('invite', undefined)
      typists.push(one)
    }
    const [writer, reader] = typists
    if (writer === undefined || reader === undefined) throw new Error('there are two')
    for (const deadline = Date.now() + TOGETHER_WITHIN; ; await setTimeout(100)) {
      const both = await Promise.all(typists.map((one) => one.call('isTogether', undefined)))
      if (both.every(Boolean)) break
      if (Date.now() > deadline) throw new Error(`${system}: they did not meet`)
    }
    return await work(writer, reader)
  } finally {
    for (const end of ends) await end()
    for (const profile of profiles) profile.remove()
  }
}

const typistOf = (page: Page): TypistPage => ({
  page,
  call: (name, input) =>
    // the page answers with the result of the call that was asked for
    page.evaluate(
      ([of, argument]: readonly [keyof Typist, unknown]): Promise<unknown> =>
        globalThis.typist[of](argument as never),
      [name, input] as const,
    ) as ReturnType<Typist[typeof name]>,
})
