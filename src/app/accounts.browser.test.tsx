import { afterEach, describe, expect, it } from 'vitest'
import { userEvent } from 'vitest/browser'
import { movingHref, repoHref } from './lib/routes.ts'
import { takeOAuthAnswer } from './lib/oauth-answer.ts'
import { button, find, leave, open, see, text } from './testing/on-screen.tsx'
import { ACCOUNTS } from './testing/story-accounts.ts'
import { JUN, MIRELA } from './testing/story-data.ts'

afterEach(leave)

const field = async (label: string): Promise<HTMLElement> => {
  const match = () =>
    [...document.querySelectorAll('label')].find((each) => each.textContent === label)?.htmlFor
  await expect.poll(match, { message: label }).toBeDefined()
  return find(`[id="${match() ?? ''}"]`)
}

describe('accounts', () => {
  it('are listed with what Cairn may do, signed out of, and signed in to again', async () => {
    const story = open('/settings', {
      accounts: {
        list: ACCOUNTS,
        leaving: [{ did: JUN, handle: 'old.example', pds: 'https://gone.example', since: 1 }],
      },
    })
    await see(/@mirela\.example/)
    await see(/Signed in on the page of pds\.example\.org, /)
    await see(/Cairn may write, change and delete records in its name; publish with whom you keep copies\./)
    await see(/morel\.example\.net has ended this sign-in/)
    await see(/@old\.example is signed out here, but gone\.example could not be told yet/)
    await userEvent.click(await button(/^Sign out of @mirela/))
    await userEvent.click(await button(/^Sign in again to @jun/))
    await expect.poll(() => story.calls).toContain(`signOut ${MIRELA}`)
    await expect.poll(() => story.calls).toContain(`begin ${JUN} {"needs":["write"],"back":"/settings"}`)
  })

  it('take a handle and leave for its server’s page', async () => {
    const story = open('/settings')
    await userEvent.type(await field('Your handle'), 'ana.example')
    await userEvent.click(await button(/^Sign in$/))
    await expect.poll(() => story.calls).toContain('begin ana.example {"needs":[],"back":"/settings"}')
  })

  it('take an app password, ask for a code when the server does, and forget both when another way is chosen', async () => {
    const story = open('/settings', {
      accounts: { fails: ['account.code-needed', { host: 'pds.example.org' }] },
    })
    await userEvent.type(await field('Your handle'), 'ana.example')
    await userEvent.click(await button(/^Use an app password$/))
    const password = await field('App password')
    expect(password).toHaveProperty('type', 'password')
    await userEvent.type(password, 'abcd-efgh')
    await userEvent.click(await button(/^Sign in$/))
    await see(/pds\.example\.org has sent you a code by mail\./)
    await field('Code from the mail')
    expect(story.calls).toContain('signInWithPassword ana.example')
    expect(story.calls.join()).not.toContain('abcd')
    await userEvent.click(await button(/^Use the page of your server$/))
    await userEvent.click(await button(/^Use an app password$/))
    expect(await field('App password')).toHaveProperty('value', '')
    expect(text()).not.toMatch(/code by mail/)
  })

  it('ask for the own password where an account is moved, since no app password may do that', async () => {
    open(movingHref(MIRELA))
    await userEvent.click(await button(/^Use your own password$/))
    expect(await field('Your account’s own password')).toHaveProperty('type', 'password')
    await see(/An app password may not move an account/)
    // What no export holds is said before anything is begun.
    await see(/Direct messages are in no export/)
    await see(/images of drafts/)
  })

  it('are offered on the page of a repo, for writing', async () => {
    const story = open(repoHref(MIRELA))
    await see(/Sign in to write as @mirela/)
    await userEvent.click(await button(/^Sign in to write$/))
    await userEvent.click(await button(/^Sign in$/))
    await expect
      .poll(() => story.calls)
      .toContain(`begin ${MIRELA} {"needs":["write"],"back":"/repo/${MIRELA}"}`)
  })
})

describe('the way back from a server', () => {
  const arrive = (hash: string) => {
    history.replaceState(null, '', `/oauth/callback${hash}`)
    expect(takeOAuthAnswer()).toBe(false)
  }

  it('takes the answer out of the address at once, ends the sign-in, and goes on', async () => {
    arrive('#state=a&code=secret')
    expect(location.href).not.toContain('secret')
    const story = open('/oauth/callback', { accounts: { list: ACCOUNTS } })
    await expect.poll(() => story.calls).toContain('finish state=a&code=secret')
    await expect.poll(() => location.pathname).toBe('/settings')
  })

  it('says what went wrong, and what a page without an answer is', async () => {
    arrive('#state=a&error=access_denied')
    open('/oauth/callback', { accounts: { fails: ['account.denied', { host: 'pds.example.org' }] } })
    await see(/You said no on the page of pds\.example\.org/)
    leave()
    arrive('')
    const story = open('/oauth/callback')
    await see(/There is no sign-in to end here/)
    expect(story.calls.filter((call) => call.startsWith('finish'))).toEqual([])
  })
})
