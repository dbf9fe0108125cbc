import { afterEach, describe, expect, it } from 'vitest'
import { page, userEvent } from 'vitest/browser'
import { forgetLive } from './lib/live.ts'
import { recordHref, repoHref } from './lib/routes.ts'
import { button, dialog, find, leave, open, see, text } from './testing/on-screen.tsx'
import { violations } from './testing/space-screen.tsx'
import { ACCOUNTS } from './testing/story-accounts.ts'
import { MIRELA } from './testing/story-data.ts'
import { DRAFTS } from './testing/story-writing.ts'
import { writingHref } from './views/compose/hrefs.ts'
import { POST_IMAGE, shrinkImage } from './views/compose/shrink-image.ts'

afterEach(leave)

const accounts = { list: ACCOUNTS }
const field = async (label: RegExp): Promise<HTMLElement> => {
  const match = () =>
    [...document.querySelectorAll('label')].find((each) => label.test(each.textContent ?? ''))?.htmlFor
  await expect.poll(match, { message: String(label) }).toBeTruthy()
  return find(`[id="${match() ?? ''}"]`)
}
const saved = (calls: readonly string[]) =>
  calls.filter((call) => call.startsWith('save ')).map((call) => JSON.parse(call.slice(5)) as unknown)

describe('writing', () => {
  it('posts what was typed, with links as facets, and counts as people do', async () => {
    const facet = {
      index: { byteStart: 4, byteEnd: 15 },
      features: [{ $type: 'app.bsky.richtext.facet#link', uri: 'https://example.org' }],
    }
    const story = open(writingHref(MIRELA), {
      accounts,
      writing: { rich: { facets: [facet], mentions: [] } },
    })
    const box = await field(/^Write a post$/)
    await see(/300 left/)
    expect(await button(/^Post$/)).toHaveProperty('disabled', true)
    await userEvent.fill(box, 'See example.org 👩‍👩‍👧‍👦')
    await see(/283 left/)
    await userEvent.click(await button(/^Post$/))
    await expect.poll(() => saved(story.calls)).toHaveLength(1)
    expect(saved(story.calls)[0]).toMatchObject({
      did: MIRELA,
      collection: 'app.bsky.feed.post',
      hold: false,
      value: { text: 'See example.org 👩‍👩‍👧‍👦', facets: [facet] },
    })
    await expect
      .poll(async () => (await field(/^Write a post$/)) as HTMLTextAreaElement)
      .toHaveProperty('value', '')
  })

  it('keeps what is too long from going, and the text over a reload', async () => {
    open(writingHref(MIRELA), { accounts })
    await userEvent.fill(await field(/^Write a post$/), 'x'.repeat(303))
    await see(/3 too many/)
    expect(await button(/^Post$/)).toHaveProperty('disabled', true)
    leave()
    open(writingHref(MIRELA), { accounts })
    await expect.poll(async () => await field(/^Write a post$/)).toHaveProperty('value', 'x'.repeat(303))
    await userEvent.fill(await field(/^Write a post$/), '')
  })

  it('leads nobody back who has gone elsewhere while it was kept', async () => {
    const saving = Promise.withResolvers<void>()
    const story = open(writingHref(MIRELA), { accounts, writing: { saving: saving.promise } })
    await userEvent.fill(await field(/^Write a post$/), 'On my way')
    await userEvent.click(await button(/^Post$/))
    await expect.poll(() => saved(story.calls)).toHaveLength(1)
    await userEvent.click(await find('nav a[href="/activity"]'))
    await expect.poll(() => location.pathname).toBe('/activity')
    saving.resolve()
    await expect
      .poll(() => Object.keys(sessionStorage).filter((key) => key.startsWith('cairn.composer')))
      .toEqual([])
    expect(location.pathname).toBe('/activity')
  })

  it('makes images small, and asks what they show', async () => {
    const story = open(writingHref(MIRELA), { accounts })
    const canvas = new OffscreenCanvas(3000, 1500)
    canvas.getContext('2d')?.fillRect(0, 0, 3000, 1500)
    const file = new File([await canvas.convertToBlob({ type: 'image/jpeg' })], 'ridge.jpg', {
      type: 'image/jpeg',
    })
    await userEvent.upload(await find('input[type=file][accept="image/*"]'), file)
    await see(/Say what each image shows/)
    expect(await button(/^Post$/)).toHaveProperty('disabled', true)
    await userEvent.fill(await field(/What image 1 shows/), 'A ridge in fog')
    await userEvent.click(await button(/^Post$/))
    await expect.poll(() => saved(story.calls)).toHaveLength(1)
    expect(saved(story.calls)[0]).toMatchObject({
      value: {
        embed: {
          $type: 'app.bsky.embed.images',
          images: [
            { alt: 'A ridge in fog', aspectRatio: { width: 2000, height: 1000 }, image: { $type: 'blob' } },
          ],
        },
      },
    })
  })

  it('refuses what is no image', async () => {
    await expect(shrinkImage(new Blob(['<svg/>']), POST_IMAGE)).rejects.toMatchObject({
      code: 'app.image-unusable',
    })
  })

  it('shows what is unsent in each state, and does as it is told', async () => {
    const story = open(writingHref(MIRELA), { accounts, writing: { drafts: DRAFTS } })
    await see(/6 changes, sent from the top/)
    await see(/Mirela at the hut.*Mirela in town/s)
    await see(/pds\.example\.org will not have this\..*300 graphemes/s)
    await see(/Goes after a post that it belongs to, which is held up\./)
    await see(/Deletes a like/)
    await userEvent.click(await button(/^Keep mine$/))
    await expect.poll(() => story.calls).toContain(`insist ${MIRELA} 3b`)
    await userEvent.click(await button(/^Keep theirs$/))
    await expect.poll(dialog).toMatch(/Let go of your version/)
    await userEvent.click(await button(/^Keep it$/))
    await userEvent.click(await button(/^Send now$/))
    await expect.poll(() => story.calls).toContain(`send ${MIRELA}`)
  })

  it('says why nothing goes, and lets one sign in again', async () => {
    open(writingHref(MIRELA), {
      accounts: { list: ACCOUNTS.map((it) => ({ ...it, state: 'expired' as const })) },
      writing: {
        drafts: DRAFTS.slice(0, 1),
        trouble: { code: 'account.expired', fields: { did: MIRELA, handle: 'mirela.example' } },
      },
    })
    await see(/sign-in of .*has ended/)
    expect(await button(/^Sign in again$/)).toHaveProperty('disabled', false)
  })

  it('edits a profile and keeps the fields that it does not know', async () => {
    const story = open(writingHref(MIRELA, { edit: 'app.bsky.actor.profile/self' }), {
      accounts,
      writing: {
        drafts: [
          {
            ...(DRAFTS[1] ?? ({} as never)),
            status: 'waiting',
            value: { displayName: 'Mirela', pronouns: 'she/her', deep: { x: 1 } },
          },
        ],
      },
    })
    await userEvent.fill(await field(/^Name$/), 'Mirela W.')
    await userEvent.click(await button(/^Save profile$/))
    await expect.poll(() => saved(story.calls)).toHaveLength(1)
    expect(saved(story.calls)[0]).toMatchObject({
      rkey: 'self',
      value: { displayName: 'Mirela W.', pronouns: 'she/her', deep: { x: 1 } },
    })
  })

  it('begins with the record as it is now, whatever an earlier look has left', async () => {
    const href = writingHref(MIRELA, { edit: 'app.bsky.actor.profile/self' })
    const profile = (displayName: string) => [
      { ...(DRAFTS[1] ?? ({} as never)), status: 'waiting' as const, value: { displayName } },
    ]
    open(href, { accounts, writing: { drafts: profile('Mirela') } })
    await expect.poll(() => field(/^Name$/)).toHaveProperty('value', 'Mirela')
    leave()
    const story = open(href, { accounts, writing: { drafts: profile('Mirela of the hut') } })
    await expect.poll(() => field(/^Name$/)).toHaveProperty('value', 'Mirela of the hut')
    await userEvent.fill(await field(/^About you$/), 'Fog.')
    await userEvent.click(await button(/^Save profile$/))
    await expect.poll(() => saved(story.calls)).toHaveLength(1)
    expect(saved(story.calls)[0]).toMatchObject({ value: { displayName: 'Mirela of the hut' } })
  })

  it('offers the way to the new server where the sign-in is with the one that was left', async () => {
    open(writingHref(MIRELA), {
      accounts,
      writing: {
        drafts: DRAFTS.slice(0, 1),
        trouble: {
          code: 'account.elsewhere',
          fields: { did: MIRELA, host: 'pds.example.org', home: 'morel.example.net' },
        },
      },
    })
    await see(/The account is at morel\.example\.net now, and this sign-in is with pds\.example\.org/)
    expect(await button(/^Sign in again$/)).toHaveProperty('disabled', false)
  })

  it('holds JSON against its lexicon before it is kept, and sends it anyway only when told', async () => {
    const story = open(writingHref(MIRELA, { as: 'json' }), {
      accounts,
      writing: { check: { verdict: 'unsound', problem: 'Record must have the property "text"', bytes: 40 } },
    })
    await userEvent.fill(await field(/^Collection$/), 'app.bsky.feed.post')
    await userEvent.fill(await field(/^Record as JSON$/), '{ not')
    await userEvent.click(await button(/^Create$/))
    await see(/This is no JSON/)
    await userEvent.fill(await field(/^Record as JSON$/), '{"a":1}')
    await userEvent.click(await button(/^Create$/))
    await see(/Its lexicon does not allow this: Record must have the property "text"/)
    expect(saved(story.calls)).toEqual([])
    await userEvent.click(await button(/^Send it all the same$/))
    await expect.poll(() => saved(story.calls)).toHaveLength(1)
  })

  it('offers to answer, quote, change and delete on the page of a record', async () => {
    const list = await open(repoHref(MIRELA), { accounts }).cairn.library.records({
      did: MIRELA,
      collection: 'app.bsky.feed.post',
      offset: 0,
      limit: 1,
    })
    const path = list.items[0]?.path ?? ''
    leave()
    const story = open(recordHref(MIRELA, path), { accounts })
    await see(/Reply.*Quote.*Edit.*Delete/s)
    await userEvent.click(await button(/^Delete$/))
    await expect.poll(dialog).toMatch(/Delete this record\?/)
    await userEvent.click([...document.querySelectorAll('dialog button')].at(-1) ?? document.body)
    await expect.poll(() => saved(story.calls)).toHaveLength(1)
    expect(saved(story.calls)[0]).not.toHaveProperty('value')
    leave()
    forgetLive()
    // nobody is signed in: it is read only
    open(recordHref(MIRELA, path))
    await see(/Proof/)
    expect(text()).not.toMatch(/Reply|Delete/)
  })

  it('shows unsent records among the others', async () => {
    open(`${repoHref(MIRELA, 'records')}/app.bsky.feed.post`, { accounts, writing: { drafts: DRAFTS } })
    await see(/New post.*Snow on the pass/s)
    expect(document.querySelector('[aria-label="4 unsent records"]')).not.toBeNull()
  })

  for (const theme of ['light', 'dark'] as const) {
    it(`has nothing that axe finds, and fits 360 px, ${theme}`, async () => {
      document.documentElement.dataset['theme'] = theme
      document.title = 'Cairn'
      document.documentElement.lang = 'en'
      await page.viewport(360, 740)
      try {
        for (const href of [
          writingHref(MIRELA),
          writingHref(MIRELA, { edit: 'app.bsky.actor.profile/self' }),
          writingHref(MIRELA, { as: 'json' }),
        ]) {
          open(href, { accounts, writing: { drafts: DRAFTS } })
          await see(/Goes after a post/)
          expect(await violations(), href).toEqual([])
          const root = document.documentElement
          expect(root.scrollWidth - root.clientWidth, href).toBeLessThanOrEqual(0)
          leave()
        }
      } finally {
        await page.viewport(1180, 800)
        delete document.documentElement.dataset['theme']
      }
    })
  }
})
