import type { Page } from 'playwright-core'
import type { Member, System } from '../pages/member/protocol.ts'
import { createProfile, openPage } from './chromium.ts'

/** A page that takes part, with an origin and so a storage and a process of its own. */
export interface MemberPage {
  readonly page: Page
  call<N extends keyof Member>(name: N, input: Parameters<Member[N]>[0]): ReturnType<Member[N]>
}

/**
 * So many pages of one system in one fresh browser, and the browser gone afterwards. Each page is served under a
 * name of its own, which is this machine: storages, locks and channels are by origin, and a profile's are on the disk
 * (those of another window without a history would be in memory).
 */
export async function withMembers<T>(
  origin: string,
  system: System,
  count: number,
  work: (members: readonly MemberPage[]) => Promise<T>,
): Promise<T> {
  const { port } = new URL(origin)
  const url = (index: number): string => `http://member-${index}.localhost:${port}/${system}.html`
  const profile = createProfile()
  try {
    const { context, page } = await openPage(url(0), profile)
    try {
      const members: MemberPage[] = [memberOf(page)]
      for (let i = 1; i < count; i++) {
        const next = await context.newPage()
        next.on('pageerror', (error) => console.error(`page ${i} error: ${error.message}`))
        next.on('console', (message) => {
          if (message.type() === 'error') console.error(`page ${i}: ${message.text()}`)
        })
        await next.goto(url(i))
        members.push(memberOf(next))
      }
      for (const one of members) await one.page.waitForFunction(() => 'member' in globalThis)
      return await work(members)
    } finally {
      await context.close()
    }
  } finally {
    profile.remove()
  }
}

const memberOf = (page: Page): MemberPage => ({
  page,
  call: (name, input) =>
    // the page answers with the result of the call that was asked for
    page.evaluate(
      ([of, argument]: readonly [keyof Member, unknown]): Promise<unknown> =>
        globalThis.member[of](argument as never),
      [name, input] as const,
    ) as ReturnType<Member[typeof name]>,
})
