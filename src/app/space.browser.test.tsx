import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { page, userEvent } from 'vitest/browser'
import { MOMENT } from './lib/lasting.ts'
import { spaceHref } from './lib/routes.ts'
import { button, dialog, find, leave, open, see, text } from './testing/on-screen.tsx'
import { at, edits, field, violations, warmUp } from './testing/space-screen.tsx'
import { CHOIR_SPACE, DETAIL, INES_P, JUN_P } from './testing/story-space-data.ts'

beforeAll(warmUp)
beforeEach(() => page.viewport(1180, 900))
afterEach(leave)

describe('posts', () => {
  it('are shown with what is new, hidden, and not sent yet', async () => {
    const story = open(at('posts'))
    await see(/Saturday’s rehearsal/)
    await see(/New up to here/)
    await see(/waiting to send/)
    await see(/hidden from the others/)
    await see(/Tove is writing/)
    await see(/Tove and Jun Haru are here/)
    await expect.poll(() => story.calls.some((call) => /^markRead .* posts \d+$/.test(call))).toBe(true)
  })

  it('are written with a mention by keys alone', async () => {
    const story = open(at('posts'))
    const box = await field(/^Write to Tidewater/)
    await userEvent.type(box, 'Ask @ju')
    await expect
      .poll(() => document.querySelector('[role=option][aria-selected=true]')?.textContent)
      .toMatch(/Jun Haru/)
    expect(box.getAttribute('aria-activedescendant')).toBe(document.querySelector('[role=option]')?.id)
    await userEvent.keyboard('{Enter}')
    await expect.poll(() => (box as HTMLTextAreaElement).value).toBe('Ask @Jun Haru ')
    await userEvent.type(box, 'please')
    await userEvent.keyboard('{Control>}{Enter}{/Control}')
    await expect.poll(() => edits(story.calls).length).toBe(1)
    expect(edits(story.calls)[0]).toContain(`"text":"Ask @Jun Haru please","mentions":["${JUN_P}"]`)
    expect(edits(story.calls)[0]).toMatch(/"kind":"post","id":"[a-z2-7]{20}\.[a-z2-7]{26}"/)
    await see(/Ask @Jun Haru please/)
    await expect.poll(() => (box as HTMLTextAreaElement).value).toBe('')
  })

  it('take replies, whose arrow keys stay in their box, and reactions', async () => {
    const story = open(at('posts'))
    await userEvent.click(await button(/^\s*Reply$/))
    const box = await field(/^Write a reply/)
    await expect.poll(() => document.activeElement).toBe(box)
    await userEvent.keyboard('I have one{ArrowUp}{Home}')
    expect(document.activeElement).toBe(box)
    await userEvent.keyboard('{Control>}{Enter}{/Control}')
    await expect.poll(() => edits(story.calls)[0]).toContain('"text":"I have one","parent":"post/a.fourth"')
    const given = await button(/^👍 2 from Jun Haru and you/)
    expect(given.getAttribute('aria-pressed')).toBe('true')
    await userEvent.click(given)
    await expect
      .poll(() => edits(story.calls)[1])
      .toContain('"target":"post/a.third","emoji":"👍","on":false')
  })

  it('are pinned, hidden by admins, and brought back from their history', async () => {
    const story = open(at('posts'))
    await userEvent.click(await button(/^More about the post of Tove/))
    await userEvent.click(await button(/^Pin$/))
    await expect.poll(() => edits(story.calls)[0]).toContain('"set":{"target":"post/a.third","on":true}')
    await userEvent.click(await button(/^More about the post of Tove/))
    await userEvent.click(await button(/^Hide from everyone/))
    await expect.poll(() => story.calls).toContain(`hide ${CHOIR_SPACE} post/a.third true`)
    await userEvent.click(await button(/^More about the post of Rosa/))
    const history = [...document.querySelectorAll<HTMLElement>('[popover]:popover-open button')].find(
      (each) => each.textContent === 'History',
    )
    await userEvent.click(history ?? document.body)
    await expect.poll(dialog).toMatch(/as it is now/)
    await userEvent.click(await button(/^Bring this back/))
    await expect.poll(() => story.calls).toContain(`restore ${CHOIR_SPACE} post/a.fourth 4`)
  })

  it('are only read by a reader', async () => {
    open(at('posts'), { spaces: { detail: { role: 'reader' } } })
    await see(/You can read here/)
    expect(document.querySelector('main textarea')).toBeNull()
    expect([...document.querySelectorAll('main button')].some((each) => each.textContent === 'Reply')).toBe(
      false,
    )
  })
})

describe('tasks', () => {
  it('are added, done, filtered, and moved by keys', async () => {
    const story = open(at('tasks'))
    await userEvent.type(await field(/^New task/), 'Bring tea{Enter}')
    await see(/Bring tea/)
    await userEvent.click(await field(/^Lamps and extension leads: done/))
    await expect.poll(() => edits(story.calls)[1]).toContain('"id":"t2","set":{"done":true}')
    await expect.poll(text).not.toMatch(/Lamps and extension leadsdue/)
    const handle = await button(/^Move Scores for the altos, place 1 of 3/)
    handle.focus()
    await userEvent.keyboard('{ArrowDown}')
    await button(/^Move Scores for the altos, place 2 of 3/)
    await expect
      .poll(() => document.activeElement?.getAttribute('aria-label'))
      .toMatch(/^Move Scores.*place 2/)
    await userEvent.click(await button(/^Done$/))
    await see(/Book the boathouse/)
  })

  it('write only the fields that were changed', async () => {
    const story = open(at('tasks', 't3'))
    await userEvent.selectOptions(await field(/^For$/), INES_P)
    await userEvent.click(await button(/^Save$/))
    await expect.poll(() => edits(story.calls)[0]).toContain(`"id":"t3","set":{"assignee":"${INES_P}"}`)
  })
})

describe('files and notes', () => {
  it('show what is on its way, what failed, and what can be saved', async () => {
    const story = open(at('files'))
    await see(/On its way here: 32\.1 MB of 84\.0 MB/)
    await see(/Nobody in reach has this file\./)
    await userEvent.click(await button(/^Pause/))
    await expect.poll(() => story.calls).toContain(`cancelFile ${CHOIR_SPACE} rec`)
  })

  it('are taken when dropped here, and not for a backup', async () => {
    const story = open(at('files'))
    await see(/boathouse/)
    const data = new DataTransfer()
    data.items.add(new File(['x'], 'plan.txt'))
    const drag = (type: string): boolean =>
      document.body.dispatchEvent(
        new DragEvent(type, { dataTransfer: data, bubbles: true, cancelable: true }),
      )
    // The files are painted before the page hears: as a person does, it waits until it is told where they go.
    await expect
      .poll(() => {
        drag('dragenter')
        return text()
      })
      .toMatch(/Drop to add to this space/)
    drag('drop')
    await expect.poll(() => story.calls).toContain(`addFile ${CHOIR_SPACE} plan.txt`)
    expect(location.pathname).toBe(at('files'))
    expect(story.calls.some((call) => call.startsWith('importFile'))).toBe(false)
  })

  it('open a note with its title, who is in it, and its versions', async () => {
    const story = open(at('notes'))
    await see(/Order of songs/)
    await see(/Jun Haru is in it/)
    await userEvent.click(document.querySelector('a[href$="/notes/songs"]') ?? document.body)
    await see(/Jun Haru is in this note/)
    await find('[contenteditable=true]')
    await userEvent.type(await field(/^Title of the note/), ' II{Tab}')
    await expect.poll(() => edits(story.calls).at(-1)).toContain('"set":{"title":"Order of songs II"}')
    await userEvent.click(await button(/^More about this note/))
    await userEvent.click(await button(/^Versions of the text/))
    await expect.poll(dialog).toMatch(/First the tide/)
  })
})

describe('members and links', () => {
  it('lets in, declines, changes roles, and removes only when that is confirmed', async () => {
    const story = open(at('members'))
    await see(/1 request to join/)
    await userEvent.selectOptions(await field(/^What Hana Kimura may do/), 'reader')
    await userEvent.click(await button(/^Let in/))
    await expect.poll(() => story.calls).toContain(`admit ${CHOIR_SPACE} req-1 reader`)
    await userEvent.selectOptions(await field(/^What Jun Haru may do/), 'reader')
    await expect.poll(() => story.calls).toContain(`setRole ${CHOIR_SPACE} ${JUN_P} reader`)
    await userEvent.click(await button(/^Remove Jun Haru/))
    await expect.poll(dialog).toMatch(/sealed with a new key, which they do not get/)
    expect(story.calls.some((call) => call.startsWith('removePerson'))).toBe(false)
    await userEvent.click(
      [...document.querySelectorAll<HTMLElement>('dialog button')].at(-1) ?? document.body,
    )
    await expect.poll(() => story.calls).toContain(`removePerson ${CHOIR_SPACE} ${JUN_P}`)
  })

  it('make a link with its end and its number, and show it with a code', async () => {
    const story = open(at('links'))
    await see(/2 of 20 uses taken/)
    await see(/Came by it: Jun Haru and Member/)
    await userEvent.click(await button(/^Make a link/))
    await userEvent.click(document.querySelector('dialog input[value=viewer]') ?? document.body)
    await expect.poll(dialog).toMatch(/A reader can pass on what they read, keys included/)
    await userEvent.selectOptions(await field(/^It is for/), '1')
    await userEvent.click(await button(/^Make the link/))
    await expect
      .poll(() => story.calls)
      .toContain(`makeLink ${CHOIR_SPACE} {"kind":"viewer","uses":1,"expiresIn":604800000}`)
    await expect.poll(() => document.querySelector('dialog svg.qr')).not.toBeNull()
  })

  it('shows another device a code that works once', async () => {
    open(at('members'))
    await userEvent.click(await button(/^Add a device/))
    await expect.poll(() => document.querySelector('dialog svg.qr')).not.toBeNull()
    await expect.poll(dialog).toMatch(/It works once, and ends in \d+ min/)
    expect(document.querySelector<HTMLInputElement>('dialog input')?.value).toContain('#/device/')
  })

  it('takes a code away when its time is over, and makes another', async () => {
    open(at('members'), { spaces: { deviceLinks: [0] } })
    await userEvent.click(await button(/^Add a device/))
    await expect.poll(dialog).toMatch(/This link has ended/)
    expect(document.querySelector('dialog svg.qr')).toBeNull()
    expect(document.querySelector('dialog input')).toBeNull()
    expect(await violations()).toEqual([])
    await userEvent.click(await button(/^Make another$/))
    await expect.poll(() => document.querySelector('dialog svg.qr')).not.toBeNull()
    expect(dialog()).not.toMatch(/has ended/)
    expect(document.activeElement?.textContent).toBe('Done')
  })
})

describe('how one stands in a space', () => {
  it('tells what waits, and that nothing is lost by it', async () => {
    open(at('posts'), { spaces: { detail: { sync: { ...DETAIL.sync, unsent: 3 } } } })
    // for longer than what passes by itself
    await expect.poll(text, { timeout: 3 * MOMENT }).toMatch(/3 changes wait to be sent\./)
    await see(/They are saved on this device/)
    expect(document.querySelector('[role=status].note')).not.toBeNull()
  })

  it('tells who was removed that what was here stays, and offers to forget it', async () => {
    const story = open(at('posts'), { spaces: { detail: { state: 'removed', role: 'none' } } })
    await see(/You were removed from this space/)
    await userEvent.click(await button(/^Forget it on this device/))
    await userEvent.click(await button(/^Forget it$/))
    await expect.poll(() => story.calls).toContain(`forget ${CHOIR_SPACE}`)
    await expect.poll(() => location.pathname).toBe('/spaces')
  })

  it('tells who was removed what was not sent any more, where it stands, and lets it be copied', async () => {
    const sync = { ...DETAIL.sync, unsent: 1 }
    open(at('posts'), { spaces: { detail: { state: 'removed', role: 'none', sync } } })
    await see(/One change of yours was not sent: nobody else has it\./)
    const unsent = () =>
      [...document.querySelectorAll('article')].find((it) => /not sent/.test(it.textContent))
    await expect.poll(unsent).toBeDefined()
    expect(text()).not.toMatch(/waiting? to (be sent|send)/)
    const post = unsent()
    const shown = post?.querySelector('.post-text')?.textContent ?? ''
    const said = shown.replaceAll(' (opens in a new tab)', '')
    expect(said).not.toBe('')
    const more = post?.querySelector('[popovertarget]')
    if (!(more instanceof HTMLElement)) throw new Error('the post has no menu')
    await userEvent.click(more)
    await userEvent.click(await button(/^Copy the text$/))
    await expect.poll(() => post?.querySelector('[role=status]')?.textContent).toBe('Copied.')
    const box = document.body.appendChild(document.createElement('textarea'))
    box.focus()
    await userEvent.keyboard('{Control>}v{/Control}')
    await expect.poll(() => box.value).toBe(said)
    box.remove()
  })

  it('that is not on this device has a heading as every screen', async () => {
    open(spaceHref(`${CHOIR_SPACE}-forgotten`))
    await see(/This space is not on this device/)
    expect(document.querySelector('h1')?.textContent).toBe('Space')
    expect(document.title).toBe('Space · Cairn')
    expect(await violations()).toEqual([])
  })

  it('finds while it is typed in, and leads there', async () => {
    open(at('search'))
    await userEvent.type(await field(/^Search this space/), 'lamps')
    await see(/2 hits\./)
    expect(document.querySelector('a.hit')?.getAttribute('href')).toMatch(/\/(posts|tasks)\//)
    await userEvent.keyboard('{ArrowDown}')
    expect(document.activeElement?.className).toBe('hit')
  })
})
