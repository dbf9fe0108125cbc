import { afterEach, describe, expect, it } from 'vitest'
import { userEvent } from 'vitest/browser'
import { button, check, dialog, find, leave, open, see } from './testing/on-screen.tsx'
import { ACCOUNTS } from './testing/story-accounts.ts'
import { MIRELA } from './testing/story-data.ts'

afterEach(leave)

const signedIn = () => open('/network', { accounts: { list: ACCOUNTS } })

describe('published agreements', () => {
  it('say what both sides have said, in every state', async () => {
    open('/network')
    await see(/You keep @jun\.example, and they keep/)
    await see(/@rosa\.example offers to keep/)
    await see(/who lets anyone do that\./)
    await see(/You offer to keep @tove\.example, if they keep/)
    await see(/sign in to your account under Settings/)
    // Nobody is signed in: what stands is shown, and nothing new can be published.
    const buttons = [...document.querySelectorAll('button')].map((it) => it.textContent)
    expect(buttons).not.toContain('Publish one')
  })

  it('are published after a look at what the other side says', async () => {
    const story = signedIn()
    await userEvent.click(await button(/^Publish one$/))
    await userEvent.click(await button(/^Publish it$/))
    await expect.poll(dialog).toMatch(/Enter a handle/)
    await userEvent.type(await find('input[placeholder="handle or DID"]'), 'rosa.example')
    await userEvent.click(await button(/^Look them up$/))
    await expect.poll(dialog).toMatch(/@rosa\.example offers to keep yours, lets anyone keep a copy/)
    await userEvent.click(await button(/^Publish it$/))
    await expect.poll(dialog).toBeUndefined()
    expect(story.calls).toContain(`publish ${MIRELA} rosa.example`)
  })

  it('are not said of another than who was looked up', async () => {
    const story = signedIn()
    const { findPublished } = story.cairn.network
    const answer = Promise.withResolvers<void>()
    Object.assign(story.cairn.network, {
      findPublished: async (who: string) => {
        await answer.promise
        return findPublished(who)
      },
    })
    await userEvent.click(await button(/^Publish one$/))
    const field = await find('input[placeholder="handle or DID"]')
    await userEvent.type(field, 'rosa.example')
    await userEvent.click(await button(/^Look them up$/))
    await userEvent.fill(field, 'jun.example')
    answer.resolve()
    await expect
      .poll(async () => ((await button(/^Look them up$/)) as HTMLButtonElement).disabled)
      .toBe(false)
    expect(story.calls).toContain('findPublished rosa.example')
    expect(dialog()).toMatch(/You say in public that you keep a copy of theirs/)
    await userEvent.fill(field, 'rosa.example')
    await expect.poll(dialog).toMatch(/@rosa\.example offers to keep yours/)
  })

  it('end with a question, and may take the copy with them', async () => {
    const story = signedIn()
    await userEvent.click(await button(/^End what was published with @jun\.example/))
    await expect.poll(dialog).toMatch(/Your record is deleted/)
    await userEvent.click(await check(/^And delete the copy of @jun/))
    await userEvent.click(await button(/^End it and delete/))
    await expect.poll(() => story.calls.some((it) => /^endPublished .* true$/.test(it))).toBe(true)
  })
})

describe('a consent', () => {
  it('that no server could be told yet says so', async () => {
    signedIn()
    await userEvent.click(await check(/^Let anyone keep a copy/))
    await see(/It is written to your repository as soon as its server answers/)
  })
})

describe('servers of accounts', () => {
  it('are shown with whether they are listened to, and can be left', async () => {
    const story = open('/network')
    await see(/pds\.garden\.example/)
    await see(/asked every ten minutes instead/)
    await userEvent.click(await check(/^Listen to the accounts’ servers/))
    await expect.poll(() => story.calls.some((it) => it.includes('network.setSettings'))).toBe(true)
  })
})
