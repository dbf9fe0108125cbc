import './tokens.css'
import './styles/base.css'
import './styles/frame.css'
import { createRoot, type Root } from 'react-dom/client'
import { afterEach, describe, expect, it } from 'vitest'
import { userEvent } from 'vitest/browser'
import { App } from './app.tsx'
import { collectionHref, recordHref, repoHref } from './lib/routes.ts'
import { createStory, type Story, type StoryOptions } from './testing/story-cairn.ts'
import { FAILED_JOB, storyJob } from './testing/story-jobs.ts'
import { CUT, JUN, MIRELA, recordAt } from './testing/story-data.ts'

let root: Root | undefined

function open(path: string, options?: StoryOptions): Story {
  history.replaceState(null, '', path)
  document.body.innerHTML = '<div id="root"></div>'
  const story = createStory(options)
  root = createRoot(document.querySelector('#root') ?? document.body)
  root.render(<App start={() => story.cairn} />)
  return story
}

afterEach(() => {
  root?.unmount()
  history.replaceState(null, '', '/')
})

const text = () => document.querySelector('main')?.textContent ?? ''
const see = (words: string | RegExp) => expect.poll(text).toMatch(words)
const find = async (selector: string): Promise<HTMLElement> => {
  await expect.poll(() => document.querySelector(selector), { message: selector }).not.toBeNull()
  const element = document.querySelector(selector)
  if (!(element instanceof HTMLElement)) throw new Error(selector)
  return element
}
const button = async (name: RegExp): Promise<HTMLElement> => {
  const match = () =>
    [...document.querySelectorAll('button')].find((each) => name.test(each.textContent ?? ''))
  await expect.poll(match, { message: String(name) }).toBeDefined()
  return match() ?? document.body
}

describe('library', () => {
  it('shows what is kept, what runs, and what failed with a way on', async () => {
    const story = open('/')
    await see(/Mirela Okafor/)
    await see(/79,204 of about 128,000 records/)
    await see(/nobody\.example leads to no account\./)
    await see(/gone from its server/)
    await userEvent.click(await button(/^Pause/))
    await userEvent.click(await button(/^Go on/))
    expect(story.calls).toContain('cancel job-1')
    expect(story.calls).toContain(`resume ${CUT}`)
    await userEvent.click(await button(/^Dismiss/))
    await expect.poll(text).not.toMatch(/leads to no account/)
  })

  it('offers to replace a copy that is dated in the future, and only then', async () => {
    const error = { code: 'repo.rev-rollback', fields: { headInFuture: true }, retriable: false }
    const story = open('/', { jobs: [storyJob({ state: 'failed', error })] })
    await see(/dated in the future/)
    expect(text()).not.toMatch(/Try again/)
    await userEvent.click(await button(/^Replace it, keeping the old one as a snapshot/))
    await expect.poll(() => story.calls).toContain(`backup ${JUN} {"replaceFutureHead":true}`)
    await expect.poll(text).not.toMatch(/dated in the future/)
  })

  it('names an unfinished first backup as the person did', async () => {
    open('/')
    await expect.poll(text).toMatch(/@tess\.example/)
  })

  it('follows the progress of a job without reading the list again', async () => {
    const story = open('/', { jobs: [FAILED_JOB] })
    // shown once the engine has answered: from then on events are heard
    await see(/leads to no account/)
    story.emit({ type: 'job', job: storyJob({ records: 100_000, timeLeft: 1 }) })
    await see(/100,000 of about 128,000 records/)
    story.emit({ type: 'job', job: storyJob({ state: 'done', records: 128_000 }) })
    await expect.poll(text).not.toMatch(/100,000 of about/)
  })

  it('takes a handle, and teaches when there is nothing', async () => {
    const story = open('/', { repos: [], jobs: [], activity: [] })
    await see(/Keep a copy of what is yours/)
    await userEvent.click(await button(/Enter a handle/))
    expect([story.prepared(), story.calls]).toEqual([1, []])
    await userEvent.keyboard('  ana.example.org{Enter}')
    await expect.poll(() => story.calls).toContain('keep ana.example.org')
  })
})

describe('records', () => {
  it('reads only what is on screen of a collection with 131,077 records, and the end when asked', async () => {
    const story = open(collectionHref(MIRELA, 'app.bsky.feed.like'))
    await find('[data-row="0"] .record-card')
    expect(story.calls.filter((call) => call.startsWith('records')).length).toBeLessThan(4)
    const first = await find('[data-row="0"]')
    first.focus()
    await userEvent.keyboard('{ArrowDown}{ArrowDown}')
    await expect.poll(() => document.activeElement?.getAttribute('data-row')).toBe('2')
    await userEvent.keyboard('{End}')
    await find('[data-row="99999"] .record-card')
    await expect.poll(() => document.activeElement?.getAttribute('data-row')).toBe('99999')
    expect(story.calls.filter((call) => call.startsWith('records')).length).toBeLessThan(8)
    expect(document.querySelectorAll('[data-row]').length).toBeLessThan(60)
    await userEvent.click(await button(/100,001 to 131,077/))
    await expect.poll(() => document.querySelector('[aria-posinset="100001"]')).not.toBeNull()
  })

  it('opens a record by Enter, moves the focus to it, and walks to its neighbours', async () => {
    open(collectionHref(MIRELA, 'app.bsky.feed.post'))
    const row = await find('[data-row="1"]')
    await find('[data-row="1"] .record-card')
    row.focus()
    await userEvent.keyboard('{Enter}')
    await see(/Proof\s*holds/)
    expect(location.pathname).toBe(recordHref(MIRELA, recordAt(MIRELA, 'app.bsky.feed.post', 1).path))
    await expect.poll(() => document.activeElement?.tagName).toBe('H2')
    await see(/2 of 8,412/)
    await userEvent.click(await find('a[aria-label="Older record"]'))
    await see(/3 of 8,412/)
    expect(document.title).toContain('Mirela Okafor')
  })

  it('shows a malformed record of a known kind, and any unknown kind, as JSON', async () => {
    open(recordHref(MIRELA, recordAt(MIRELA, 'app.bsky.feed.post', 6).path))
    await see(/text: 42/)
    root?.unmount()
    open(recordHref(MIRELA, recordAt(MIRELA, 'org.garden.recipe', 3).path))
    await see(/Simmer for an hour/)
    expect(document.querySelector('.json a[href^="https://garden.example/"]')?.getAttribute('rel')).toContain(
      'noopener',
    )
    expect(document.querySelector(`.json a[href="${repoHref(MIRELA)}"]`)).not.toBeNull()
  })
})

describe('search', () => {
  it('finds as one types, marks it, and is walked by keys', async () => {
    open('/search')
    const box = await find('input[type=search]')
    box.focus()
    await userEvent.keyboard('limewash')
    await see(/27 records found/)
    expect(document.querySelector('.hit mark')?.textContent).toBe('limewash')
    await userEvent.keyboard('{ArrowDown}{ArrowDown}{ArrowUp}')
    expect(document.activeElement).toBe(document.querySelector('.hit'))
    await userEvent.keyboard('{Enter}')
    await see(/Proof/)
  })

  it('has one search under way at a time, and the newest words follow it', async () => {
    const { library } = open('/search').cairn
    const { search } = library
    const asked: string[] = []
    const slow = Promise.withResolvers<void>()
    library.search = async (query) => {
      asked.push(query.text)
      if (asked.length === 1) await slow.promise
      return search(query)
    }
    const box = await find('input[type=search]')
    box.focus()
    await userEvent.keyboard('l')
    await expect.poll(() => asked).toEqual(['l'])
    await userEvent.keyboard('imewash')
    // each letter asks with the frame after it
    for (let frames = 0; frames < 2; frames++) await new Promise(requestAnimationFrame)
    expect(asked).toEqual(['l'])
    slow.resolve()
    await see(/27 records found/)
    expect(asked).toEqual(['l', 'limewash'])
  })
})

describe('what is lost is asked about', () => {
  it('names what a removed repository takes with it, and does nothing on Escape', async () => {
    const story = open(repoHref(MIRELA, 'health'))
    const remove = await button(/^Remove this repository/)
    await userEvent.click(remove)
    await expect
      .poll(() => document.querySelector('dialog')?.textContent)
      .toMatch(/141,486 records, 4 snapshots and 309 blobs/)
    await userEvent.keyboard('{Escape}')
    await expect.poll(() => document.querySelector('dialog')).toBeNull()
    expect(document.activeElement).toBe(remove)
    expect(story.calls).toEqual([])
    await userEvent.click(remove)
    await userEvent.click(await button(/^Remove it/))
    await expect.poll(() => story.calls).toEqual([`deleteRepo ${MIRELA}`])
    await expect.poll(() => location.pathname).toBe('/')
  })

  it('deletes old snapshots by a smaller setting only when told to', async () => {
    const story = open(repoHref(MIRELA, 'snapshots'))
    await see(/How many to keep/)
    const select = await find('.aside select')
    await userEvent.selectOptions(select, '1')
    await expect.poll(() => document.querySelector('dialog')?.textContent).toMatch(/3 older snapshots/)
    expect(story.calls).toEqual([])
    await userEvent.click(await button(/^Delete 3 snapshots/))
    await expect.poll(() => story.calls).toEqual([`setRetention ${MIRELA} {"keep":"last","count":1}`])
  })

  it('wipes only when the words are typed', async () => {
    open('/settings')
    await userEvent.click(await button(/^Delete everything$/))
    const confirm = await find('dialog .btn.go')
    expect(confirm.hasAttribute('disabled')).toBe(true)
    await userEvent.type(await find('dialog input'), 'delete everything')
    expect(confirm.hasAttribute('disabled')).toBe(false)
  })
})

describe('settings', () => {
  it('refuses an address that is not safe, and saves one that is', async () => {
    const story = open('/settings')
    const plc = await find('input[type=url]')
    await userEvent.clear(plc)
    await userEvent.type(plc, 'http://127.0.0.1:2582')
    await userEvent.click(await button(/^Save$/))
    await see(/Allow those below first/)
    expect(story.calls).toEqual([])
    await userEvent.click(await find('form .check input'))
    await userEvent.click(await button(/^Save$/))
    await expect.poll(() => story.calls[0]).toMatch(/"plc":"http:\/\/127\.0\.0\.1:2582".*"allowLocal":true/)
  })
})

describe('when things go wrong', () => {
  it('says calmly that the browser removed the database', async () => {
    const story = open('/')
    await see(/Jun Haru/)
    story.emit({ type: 'storage-lost', upgraded: false })
    await see(/The browser removed what was kept here/)
    expect(text()).toMatch(/What is safe/)
  })

  it('does not say that anything is gone when a newer version runs in another tab', async () => {
    const story = open('/')
    await see(/Jun Haru/)
    story.emit({ type: 'storage-lost', upgraded: true })
    await see(/updated in another tab/)
    expect(text()).toMatch(/Everything that was kept here is there/)
  })

  it('shows an unknown address and a repository that is not kept as what they are', async () => {
    open('/nowhere')
    await see(/leads to no screen/)
    root?.unmount()
    const story = open(repoHref('did:plc:aaaaaaaaaaaaaaaaaaaaaaaa'))
    await see(/not on this device/)
    await userEvent.click(await button(/^Back it up/))
    expect(story.calls).toEqual(['backup did:plc:aaaaaaaaaaaaaaaaaaaaaaaa'])
  })

  it('goes on with an unfinished import of a repo that was never complete', async () => {
    const story = open(repoHref(CUT))
    await see(/was cut off/)
    await userEvent.click(await button(/^Drop it/))
    expect(story.calls).toEqual([`discardUnfinished ${CUT}`])
    expect(text()).not.toMatch(new RegExp(JUN))
  })
})
