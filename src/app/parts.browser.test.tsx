import { afterEach, describe, expect, it } from 'vitest'
import { userEvent } from 'vitest/browser'
import { collectionHref, recordHref, repoHref } from './lib/routes.ts'
import { button, dialog, find, leave, open, see, text } from './testing/on-screen.tsx'
import { ARABIC } from './testing/story-arabic.ts'
import { recordAt, CHOIR, JUN, MIRELA } from './testing/story-data.ts'
import { storyJob } from './testing/story-jobs.ts'
import { HALF_DID, PARTS, STRANGER_DID } from './testing/story-parts.ts'

afterEach(leave)

const POSTS = 'app.bsky.feed.post'
const LISTS = 'app.bsky.graph.list'
const NOWHERE = 'did:plc:zzzzzzzzzzzzzzzzzzzzzzzz'

const select = async (value: string): Promise<void> =>
  userEvent.selectOptions(await find('dialog select'), value)
const field = async (label: string): Promise<HTMLInputElement> => {
  const found = () =>
    [...document.querySelectorAll('input')].find(
      (input) =>
        input.getAttribute('aria-label') === label ||
        [...(input.labels ?? [])].some((each) => each.textContent === label),
    )
  await expect.poll(found, { message: label }).toBeDefined()
  const input = found()
  if (input === undefined) throw new Error(label)
  return input
}

describe('a part of a repo', () => {
  it('is asked for on the Library, with what is wrong at its field', async () => {
    const story = open('/', { jobs: [] })
    await userEvent.click(await button(/^Keep only a part$/))
    await expect.poll(dialog).toMatch(/but no backup/)
    await select('other')
    await userEvent.click(await button(/^Keep this part$/))
    await expect.poll(dialog).toMatch(/Say whose.*That is not the name of a collection/)
    expect(document.activeElement).toBe(await field('Whose'))
    await userEvent.type(await field('Whose'), 'nobody.example')
    await userEvent.type(await field('Name of the collection'), 'org.garden.recipe{Enter}')
    await expect.poll(dialog).toMatch(/nobody\.example leads to no account/)
    await userEvent.clear(await field('Whose'))
    await userEvent.type(await field('Whose'), 'mirela.garden{Enter}')
    await expect.poll(dialog).toBeUndefined()
    expect(story.calls).toEqual([
      'keepCollection nobody.example org.garden.recipe',
      'keepCollection mirela.garden org.garden.recipe',
    ])
    // she is kept whole already: there her records are
    expect(location.pathname).toBe(collectionHref(MIRELA, 'org.garden.recipe'))
  })

  it('is asked for on the page of an unknown repo, and turns the network on', async () => {
    const story = open(repoHref(NOWHERE), { jobs: [], network: { settings: { enabled: false } } })
    await see(/This repository is not on this device/)
    await userEvent.click(await button(/^Keep only a part$/))
    await userEvent.click(await button(/^Turn it on and keep this part$/))
    await expect.poll(() => story.calls.at(-1)).toBe(`keepCollection ${NOWHERE} ${POSTS}`)
    expect(story.calls[0]).toBe('network.setSettings {"enabled":true}')
    await expect.poll(() => location.pathname).toBe(collectionHref(NOWHERE, POSTS))
  })

  it('is asked for by a link, of which nothing stays in the address bar', async () => {
    const story = open(`/#/keep/${NOWHERE}?relay=https%3A%2F%2Frelay.example%2F`)
    const url = location.href
    await userEvent.click(await button(/^Keep only a part$/))
    await select(LISTS)
    await userEvent.click(await button(/^Keep this part$/))
    await expect.poll(() => story.calls).toEqual([`keepCollection ${url} ${LISTS}`])
    await expect.poll(() => location.href).toBe(location.origin + collectionHref(NOWHERE, LISTS))
  })

  it('is not offered beside the whole', async () => {
    open(`/#/keep/${JUN}`)
    await see(/kept already/)
    expect(text()).not.toMatch(/Keep only a part/)
  })
})

describe('parts that are kept', () => {
  it('are set apart in the Library, worded plainly', async () => {
    open('/', { parts: PARTS, jobs: [] })
    await see(/A part of @ines\.example: posts\. Not a backup\./)
    await see(/420 records · 150 kB · taken/)
    await see(/Recipe of did:plc:bbbbbb…bbbbbbcut off/)
    expect(document.querySelectorAll('.library-list > li')).toHaveLength(5)
    expect(document.querySelectorAll('.parts-kept li')).toHaveLength(3)
  })

  it('are read newest or oldest first, one record by its address', async () => {
    open(collectionHref(STRANGER_DID, POSTS), { parts: PARTS })
    await see(/A part of @ines\.example: posts\. Not a backup\./)
    await see(/Put in the boathouse this morning/)
    const first = () => document.querySelector('.feed-open')?.textContent
    const [newest, oldest] = [0, 419].map((index) => recordAt(STRANGER_DID, POSTS, index))
    await expect.poll(first).toContain(newest?.rkey)
    await userEvent.click(await button(/^Oldest$/))
    await expect.poll(first).toContain(oldest?.rkey)
    const row = await find('.feed-row')
    row.focus()
    await userEvent.keyboard('{Enter}')
    await expect.poll(() => location.pathname).toBe(recordHref(STRANGER_DID, oldest?.path ?? ''))
    await see(/Checked just now from stored bytes/)
    leave()
    open(recordHref(STRANGER_DID, `${POSTS}/gone`), { parts: PARTS })
    await see(/No such record in this part/)
  })

  it('say when they are empty, cut off, or not kept at all', async () => {
    open(collectionHref(STRANGER_DID, LISTS), { parts: PARTS })
    await see(/It is proven that there are none/)
    leave()
    const story = open(collectionHref(HALF_DID, 'org.garden.recipe'), { parts: PARTS })
    await see(/cut off.*it can go on from there/)
    await userEvent.click(await button(/^Go on/))
    await expect.poll(() => story.calls).toEqual([`keepCollection ${HALF_DID} org.garden.recipe`])
    leave()
    open(collectionHref(STRANGER_DID, 'app.bsky.feed.like'), { parts: PARTS })
    await see(/Only a part of this repository is here/)
    await see(/Posts of @ines\.example/)
    await userEvent.click(await button(/^Keep only a part$/))
    expect(await find('dialog select')).toHaveProperty('value', 'app.bsky.feed.like')
  })

  it('show how far they are, and can be tried again when that failed', async () => {
    const job = storyJob({
      kind: 'collection',
      did: NOWHERE,
      label: POSTS,
      records: 40,
      totalRecords: undefined,
    })
    const story = open('/', { parts: PARTS, jobs: [job] })
    await see(/Posts of did:plc:zzzzzz…zzzzzzcopying a part/)
    await see(/40 records/)
    const error = { code: 'sync.no-copy', fields: { asked: 2 }, retriable: true }
    story.emit({ type: 'job', job: { ...job, state: 'failed', error } })
    await see(/Nobody who answered has a copy/)
    await userEvent.click(await button(/^Try again/))
    await expect.poll(() => story.calls).toEqual([`keepCollection ${NOWHERE} ${POSTS}`])
    leave()
    open('/activity', { jobs: [job] })
    await see(/Posts of did:plc:zzzzzz…zzzzzz/)
  })

  it('are refreshed, and deleted only when that is confirmed', async () => {
    const story = open(collectionHref(STRANGER_DID, POSTS), { parts: PARTS, jobs: [] })
    await userEvent.click(await button(/^Refresh/))
    await userEvent.click(await button(/^Delete/))
    await expect.poll(dialog).toMatch(/420 records will be gone from this device/)
    await userEvent.keyboard('{Escape}')
    await expect.poll(dialog).toBeUndefined()
    expect(story.calls).toEqual([`keepCollection ${STRANGER_DID} ${POSTS}`])
    await userEvent.click(await button(/^Delete/))
    await userEvent.click(await button(/^Delete it$/))
    await expect.poll(() => story.calls.at(-1)).toBe(`deletePartial ${STRANGER_DID} ${POSTS}`)
    await expect.poll(() => location.pathname).toBe('/')
  })
})

describe('a store that wants a token', () => {
  it('is given one in place, which shows nowhere else', async () => {
    const story = open(repoHref(CHOIR, 'health'), { network: { storeToken: 'sixteen-letters!' } })
    const address = location.href
    await userEvent.click(await button(/^Keep at the relay’s store/))
    const token = await field('Token for cairn.garden.example')
    await expect.poll(() => document.activeElement).toBe(token)
    expect(token.type).toBe('password')
    await userEvent.keyboard('{Enter}')
    await see(/Enter the token first/)
    await userEvent.type(token, 'another one{Enter}')
    await see(/The store does not take this token/)
    expect(token.getAttribute('aria-invalid')).toBe('true')
    await userEvent.clear(token)
    await userEvent.type(token, 'sixteen-letters!{Enter}')
    await button(/^Keep at the relay’s store/)
    const asked = `keepAtStore ${CHOIR} https://cairn.garden.example/`
    expect(story.calls).toEqual([asked, `${asked} with a token`, `${asked} with a token`])
    expect(location.href).toBe(address)
    expect(document.body.innerHTML).not.toContain('sixteen-letters!')
  })
})

describe('right to left', () => {
  afterEach(() => document.documentElement.removeAttribute('dir'))

  const places: readonly (readonly [string, string])[] = [
    ['/', 'ميريلا'],
    ['/network', 'حاسوب'],
    [repoHref(CHOIR, 'health'), 'هاتف'],
    [repoHref(MIRELA), 'ميريلا'],
    [`/#/keep/${MIRELA}`, 'ميريلا'],
    [collectionHref(STRANGER_DID, POSTS), 'ines'],
  ]
  it.each(places)('nothing of %s leaves the screen', async (path, name) => {
    document.documentElement.dir = 'rtl'
    open(path, ARABIC)
    await see(new RegExp(name))
    const page = document.documentElement
    const outside = [...document.querySelectorAll('main :is(h1, h2, p, .btn, .pill, input, select)')].filter(
      (element) => {
        const { left, right, width } = element.getBoundingClientRect()
        return width > 0 && (left < -1 || right > page.clientWidth + 1)
      },
    )
    expect(outside.map((element) => element.outerHTML)).toEqual([])
    expect(page.scrollWidth).toBe(page.clientWidth)
  })
})
