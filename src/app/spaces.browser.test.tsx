import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { page, userEvent } from 'vitest/browser'
import { dropSecretLink, guardAddress, holdSecretLink } from './lib/secret-link.ts'
import { button, check, dialog, leave, open, see } from './testing/on-screen.tsx'
import { at, field, violations, warmUp } from './testing/space-screen.tsx'
import { WORDS } from './testing/story-recovery.ts'

beforeAll(warmUp)
beforeEach(() => page.viewport(1180, 900))
afterEach(() => {
  leave()
  dropSecretLink()
})

describe('the list of spaces', () => {
  it('says what is new and how far others have it', async () => {
    open('/spaces')
    await see(/Three spaces on this device, sealed from end to end\. 2 new\./)
    await see(/Tidewater Choir2 new, 1 mention of you/)
    await see(/Saved on this device\. 3 of 4 other copies are current\./)
    await see(/waits for an answer/)
    expect(document.querySelector('nav [aria-current]')?.textContent).toMatch(/^Spaces2/)
  })

  it('teaches the first step, and makes a space with its title and a name', async () => {
    const story = open('/spaces', { spaces: { list: [], recovery: { isDue: false } } })
    await see(/A place for your group/)
    await userEvent.click(await button(/^Make a space/))
    await userEvent.click(await button(/^Make the space/))
    expect(document.activeElement).toBe(await field(/What is it called/))
    await userEvent.type(await field(/What is it called/), 'Rowing')
    await userEvent.type(await field(/Your name in it/), 'Mirela')
    await userEvent.click(document.querySelector('dialog summary') ?? document.body)
    await userEvent.click(await check(/Hide the past/))
    await userEvent.click(await button(/^Make the space/))
    await expect
      .poll(() => story.calls)
      .toContain('create {"title":"Rowing","name":"Mirela","hidePast":true}')
    await expect.poll(() => location.pathname).toBe(at('posts'))
  })

  it('opens no text that is no link', async () => {
    const story = open('/spaces')
    await userEvent.type(await field(/Link into a space/), 'https://example.org{Enter}')
    await see(/That is no link into a space/)
    expect(story.calls).toEqual([])
  })
})

describe('a link into a space', () => {
  it('leaves the address bar before anything else, and is never put back', async () => {
    const entries = history.length
    history.replaceState(null, '', '/#/join/abc.secret')
    const stop = guardAddress()
    expect(location.href).not.toContain('secret')
    expect(history.length).toBe(entries)
    const story = open('/join')
    await see(/Join Tidewater Choir\?/)
    expect(story.calls[0]).toMatch(/^preview http.*#\/join\/abc\.secret$/)
    await userEvent.clear(await field(/Your name in it/))
    await userEvent.click(await button(/^Join$/))
    await see(/Enter a name, so that the others know who you are/)
    await userEvent.type(await field(/Your name in it/), 'Hana{Enter}')
    await expect.poll(() => location.pathname).toBe(at('posts'))
    expect(story.calls.some((call) => /^join http.*secret \{"name":"Hana"\}$/.test(call))).toBe(true)
    location.hash = '#/device/abc.othersecret'
    await expect.poll(() => location.pathname + location.hash).toBe('/join')
    await see(/Add this device\?/)
    await see(/Your name in the space stays what it is/)
    await userEvent.click(await button(/^Add this device$/))
    await expect
      .poll(() => story.calls.some((call) => /^joinDevice http.*othersecret /.test(call)))
      .toBe(true)
    stop()
  })

  it('clicked in a text goes into no history', async () => {
    open('/spaces')
    await see(/Tidewater/)
    const link = document.createElement('a')
    link.href = '/#/join/abc.secret'
    document.querySelector('main')?.append(link)
    link.click()
    await see(/Join Tidewater Choir\?/)
    expect(location.href).not.toContain('secret')
  })

  it('says what a reader can pass on, and who decides', async () => {
    holdSecretLink('https://x.example/#/join/view.x')
    open('/join')
    await see(/A readercan pass on what they read, keys included/)
    leave()
    holdSecretLink('https://x.example/#/join/ask.x')
    open('/join')
    await see(/one of its admins, when they see your request/)
    expect((await button(/^Ask to join$/)).textContent).toBe('Ask to join')
  })

  it.each([
    ['revoked', /This link was revoked\./],
    ['expired', /This link has expired\./],
    ['used-up', /used as often as it may be/],
    ['damaged', /damaged on its way/],
    ['nobody', /No relay that keeps this link could be reached/],
    ['newer', /made by a newer version/],
  ])('says exactly that it is %s', async (what, words) => {
    holdSecretLink(`https://x.example/#/join/${what}.x`)
    open('/join')
    await see(words)
    expect(document.querySelector('[role=alert]')?.textContent).not.toContain(`${what}.x`)
  })
})

describe('recovery', () => {
  it('shows the words once, and takes only what was written down', async () => {
    const story = open('/settings')
    await userEvent.click(await button(/^Make recovery words/))
    await expect.poll(() => document.querySelectorAll('dialog .words li').length).toBe(12)
    await userEvent.click(await button(/^I have written them down/))
    const fields = [...document.querySelectorAll<HTMLInputElement>('dialog input')]
    expect(fields).toHaveLength(3)
    for (const each of fields) await userEvent.type(each, 'wrong')
    await userEvent.click(await button(/^Confirm$/))
    await expect.poll(dialog).toMatch(/That is not the word/)
    for (const each of fields) {
      const [, place = ''] =
        /Word (\d+)/.exec(document.querySelector(`label[for="${CSS.escape(each.id)}"]`)?.textContent ?? '') ??
        []
      await userEvent.fill(each, WORDS.split(' ')[Number(place) - 1] ?? '')
    }
    await userEvent.click(await button(/^Confirm$/))
    await expect.poll(dialog).toMatch(/You have a way back/)
    expect(story.calls).toContain(`confirmRecovery ${WORDS}`)
    await userEvent.click(document.querySelector('dialog summary') ?? document.body)
    await userEvent.fill(await field(/^Passphrase for the file/), 'a b c')
    await userEvent.click(await button(/^Save a file, sealed/))
    await expect.poll(() => story.calls).toContain('recoveryFile sealed')
  })

  it('says that the words alone do not do it while no relay has the list', async () => {
    open('/settings', {
      spaces: { recovery: { confirmedAt: Date.UTC(2026, 0, 1), isDue: false, isListed: false } },
    })
    await see(/No relay has the list of your spaces yet\./)
    expect(document.querySelector('#set-recovery')).not.toBeNull()
  })

  it('opens the spaces again by twelve words', async () => {
    const story = open('/settings')
    await userEvent.click(await button(/^Open my spaces again/))
    await userEvent.type(await field(/^The words, in their order/), 'legal winner')
    await userEvent.click(await button(/^Open them/))
    await expect.poll(dialog).toMatch(/Enter all 12 words; there are 2\./)
    await userEvent.fill(await field(/^The words, in their order/), WORDS)
    await userEvent.fill(await field(/Your name in it/), 'Mirela')
    await userEvent.click(await button(/^Open them/))
    await expect.poll(() => story.calls).toContain('recover Mirela')
  })
})

describe('every screen of spaces', () => {
  const SCREENS: readonly (readonly [path: string, words: RegExp])[] = [
    ['/spaces', /Tidewater/],
    ['/join', /Links into a space are never kept/],
    [at('posts'), /Saturday/],
    [at('posts', 'a.third'), /All posts/],
    [at('notes'), /Order of songs/],
    [at('tasks', 't2'), /Lamps/],
    [at('files'), /boathouse/],
    [at('members'), /5 people/],
    [at('links'), /uses taken/],
    [at('backup'), /1 of 3 copies is behind/],
    [at('search'), /Finds as you type/],
    [at('settings'), /Take it with you/],
  ]
  for (const theme of ['light', 'dark'] as const)
    it(`has nothing that axe finds, and fits 360 px both ways, ${theme}`, async () => {
      await page.viewport(360, 780)
      document.documentElement.dataset['theme'] = theme
      document.title = 'Cairn'
      document.documentElement.lang = 'en'
      const found: Record<string, unknown> = {}
      for (const [path, words] of SCREENS) {
        open(path)
        await see(words)
        await expect.poll(() => document.querySelector('[aria-busy=true]')).toBeNull()
        const bad = await violations()
        if (bad.length > 0) found[path] = bad
        for (const dir of ['rtl', 'ltr']) {
          document.documentElement.dir = dir
          const over = document.documentElement.scrollWidth - document.documentElement.clientWidth
          if (over > 0) found[`${path} ${dir} is too wide by`] = over
        }
        leave()
      }
      document.documentElement.removeAttribute('data-theme')
      expect(found).toEqual({})
    })
})
