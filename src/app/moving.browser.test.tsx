import { afterEach, describe, expect, it } from 'vitest'
import { userEvent } from 'vitest/browser'
import { movingHref } from './lib/routes.ts'
import { button, check, find, leave, open, see, text } from './testing/on-screen.tsx'
import { ACCOUNTS } from './testing/story-accounts.ts'
import { MIRELA } from './testing/story-data.ts'

afterEach(leave)

describe('a look ahead', () => {
  it('says nothing of what was changed while it looked', async () => {
    const looking = Promise.withResolvers<void>()
    const story = open(movingHref(MIRELA), {
      accounts: { list: ACCOUNTS },
      moving: { looking: looking.promise },
    })
    const server = await find(
      '#mv-start ~ * input[inputmode=url], section[aria-labelledby=mv-start] input[inputmode=url]',
    )
    await userEvent.fill(server, 'morel.example.net')
    await userEvent.click(await button(/^Look ahead$/))
    await expect.poll(() => story.calls.some((call) => call.startsWith('plan '))).toBe(true)
    await userEvent.click(await check(/It is gone/))
    looking.resolve()
    await button(/^Look ahead$/)
    expect(text()).not.toMatch(/Nothing is in the way|Begin the rescue/)
    // back at what was looked at, it holds
    await userEvent.click(await check(/It helps/))
    await see(/Nothing is in the way/)
    await button(/^Begin the move$/)
  })
})
