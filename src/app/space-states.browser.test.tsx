import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { page, userEvent } from 'vitest/browser'
import { CairnError } from '../core/errors.ts'
import { spaceHref } from './lib/routes.ts'
import { button, dialog, find, leave, open, see, text } from './testing/on-screen.tsx'
import { at, edits, field, violations, warmUp } from './testing/space-screen.tsx'
import { ACCOUNTS } from './testing/story-accounts.ts'
import { ARABIC } from './testing/story-arabic.ts'
import { MIRELA } from './testing/story-data.ts'
import {
  ASKED,
  BROKEN,
  CHOIR_SPACE,
  DECLINED,
  DETAIL,
  ENTITIES,
  JUN_P,
  SUMMARIES,
  TROUBLED,
} from './testing/story-space-data.ts'

beforeAll(warmUp)
beforeEach(() => page.viewport(1180, 900))
afterEach(() => {
  leave()
  document.documentElement.removeAttribute('dir')
})

describe('a space that cannot be shown', () => {
  const spaces = { list: [...SUMMARIES.slice(0, 2), ...TROUBLED] }

  it('says in the list why, beside the others', async () => {
    open('/spaces', { spaces })
    await see(/Tidewater Choir2 new/)
    await see(/ShedThe keys of a space on this device are damaged\.does not open/)
    await see(/Bell ringers.*declined/)
    await see(/Rowing club.*cannot be answered/)
    expect(await violations()).toEqual([])
  })

  it('can be tried again, and forgotten', async () => {
    const story = open(spaceHref(BROKEN), { spaces })
    await see(/^Shed/)
    await see(/Your other spaces are as they were/)
    expect(await violations()).toEqual([])
    await button(/^Try again$/)
    await userEvent.click(await button(/^Forget it on this device$/))
    await expect.poll(dialog).toMatch(/^Forget Shed on this device\?/)
    expect(dialog()).not.toMatch(/0 B/)
    await userEvent.type(await field(/^Type/), 'forget it{Enter}')
    await expect.poll(() => story.calls).toContain(`forget ${BROKEN}`)
  })

  it.each([
    ['admin', /Your request waits for an answer/],
    ['device', /This waits for your other device/],
    ['keeper', /This waits for someone who keeps it/],
  ] as const)('says for whom it waits: %s', async (waitsFor, words) => {
    open(at('posts'), { spaces: { detail: { state: 'asked', role: 'none', waitsFor } } })
    await see(words)
    expect(await violations()).toEqual([])
  })

  it.each(['asked', 'declined'] as const)('shows what was here before one asked again: %s', async (state) => {
    open(at('posts'), { spaces: { detail: { state, role: 'none', hasCopy: true } } })
    await see(/come in again.*What was here before stays on this device/)
    expect(document.querySelector('main nav')).not.toBeNull()
    expect(await violations()).toEqual([])
  })

  it('says that a request was declined, or that nobody can answer it', async () => {
    open(spaceHref(DECLINED), { spaces })
    await see(/Your request was declined/)
    expect(document.querySelector('main nav')).toBeNull()
    expect(await violations()).toEqual([])
    leave()
    open(spaceHref(ASKED), { spaces })
    await see(/spaces\.link-revoked/)
    expect(text()).not.toMatch(/waits for an answer/)
  })
})

describe('the account that a member shows', () => {
  const me = DETAIL.persons.filter(({ isSelf }) => isSelf)
  const others = DETAIL.persons.filter(({ isSelf }) => !isSelf)
  const without = { persons: [...me.map((it) => ({ ...it, account: undefined })), ...others] }

  it('is told with who learns what, and written by whoever may write', async () => {
    const story = open(at('members'), { accounts: { list: ACCOUNTS }, spaces: { detail: without } })
    await userEvent.click(await button(/^Show an account$/))
    await expect.poll(dialog).toMatch(/can tell from the record which of its members the account is/)
    expect(await violations()).toEqual([])
    await userEvent.click(await button(/^Show it$/))
    // the record is there before others hear of it, and look
    const steps = [
      /^save .*"collection":"app\.cairn\.space\.member"/,
      new RegExp(`^send ${MIRELA}$`),
      new RegExp(`^setAccount .* ${MIRELA}$`),
    ]
    const taken = () => steps.map((step) => story.calls.findIndex((call) => step.test(call)))
    await expect.poll(() => taken().includes(-1)).toBe(false)
    expect(taken()).toEqual(taken().toSorted((a, b) => a - b))
  })

  it('is claimed first where no copy of its repository is kept, into which a record could be written', async () => {
    const story = open(at('members'), {
      repos: [],
      accounts: { list: ACCOUNTS },
      spaces: { detail: without },
    })
    await userEvent.click(await button(/^Show an account$/))
    await expect.poll(dialog).toMatch(/is not kept on this device yet/)
    await userEvent.click(await button(/^Show it$/))
    await expect.poll(() => story.calls).toContain(`setAccount ${CHOIR_SPACE} ${MIRELA}`)
    expect(story.calls.filter((call) => call.startsWith('save'))).toEqual([])
    leave()
    const claimed = {
      ...{ did: MIRELA, proven: false, handle: undefined, from: 'server' as const, checkedAt: undefined },
    }
    const persons = [...me.map((it) => ({ ...it, account: claimed })), ...others]
    const later = open(at('members'), {
      repos: [],
      accounts: { list: ACCOUNTS },
      spaces: { detail: { persons } },
    })
    await see(/none is kept here yet/)
    expect(await violations()).toEqual([])
    await userEvent.click(await button(/^Back it up$/))
    await expect.poll(() => later.calls).toContain(`backup ${MIRELA}`)
  })

  it('is claimed by whoever is not signed in, who sees what is still to be done', async () => {
    const claimed = {
      ...{ did: MIRELA, proven: false, handle: undefined, from: 'server' as const, checkedAt: undefined },
    }
    const persons = [...me.map((it) => ({ ...it, account: claimed })), ...others]
    const story = open(at('members'), { spaces: { detail: { persons } } })
    await see(/Its repository does not say so yet/)
    await button(/^Sign in to write the record$/)
    await see(/Write it another way/)
    await userEvent.click(await button(/^Look again$/))
    await see(/Its repository names you/)
    await userEvent.click(await button(/^Take it back$/))
    await expect.poll(dialog).toMatch(/stays until you delete it there/)
    const [, confirm] = [...document.querySelectorAll<HTMLElement>('dialog .line button')]
    await userEvent.click(confirm ?? document.body)
    await expect
      .poll(() => story.calls.some((call) => call.startsWith(`setAccount ${CHOIR_SPACE}`)))
      .toBe(true)
  })

  it('stands beside the name once it is proven, and how that was', async () => {
    const account = {
      ...{ did: MIRELA, proven: true, handle: 'jun.example', from: 'copy' as const, checkedAt: Date.now() },
    }
    const persons = DETAIL.persons.map((it) => (it.person === JUN_P ? { ...it, account } : it))
    open(at('members'), { spaces: { detail: { persons } } })
    await see(/Jun Haru@jun\.example, proven/)
    await see(/Their account: a copy of its repository that is kept here says so too/)
    expect(await violations()).toEqual([])
  })
})

describe('what is changed in a row', () => {
  it('leaves the focus where it is: a role', async () => {
    const story = open(at('members'))
    const select = await field(/^What Jun Haru may do/)
    select.focus()
    await userEvent.selectOptions(select, 'admin')
    await expect.poll(() => story.calls).toContain(`setRole ${CHOIR_SPACE} ${JUN_P} admin`)
    expect(document.activeElement).toBe(select)
    expect((select as HTMLSelectElement).value).toBe('admin')
  })

  it('says what went wrong: a tick that could not be stored', async () => {
    const story = open(at('tasks'))
    const box = await field(/^Lamps and extension leads: done/)
    Object.assign(story.cairn.spaces, { edit: () => Promise.reject(new CairnError('storage.quota')) })
    await userEvent.click(box)
    await see(/storage\.quota/)
    expect((box as HTMLInputElement).checked).toBe(false)
    expect(await violations()).toEqual([])
  })

  it('keeps what another changed meanwhile: a task whose editor is open', async () => {
    const story = open(at('tasks', 't3'))
    await userEvent.selectOptions(await field(/^For$/), JUN_P)
    await story.cairn.spaces.edit(CHOIR_SPACE, [
      { kind: 'task', id: 't3', set: { title: 'Scores, printed' } },
    ])
    await expect
      .poll(async () => (await field(/^Title$/)) as HTMLInputElement)
      .toHaveProperty('value', 'Scores, printed')
    await userEvent.click(await button(/^Save$/))
    await expect.poll(() => edits(story.calls)[1]).toContain(`"id":"t3","set":{"assignee":"${JUN_P}"}`)
  })

  it('is dragged by its handle to where it is let go', async () => {
    const story = open(at('tasks'))
    await userEvent.dragAndDrop(
      await button(/^Move Lamps and extension leads, place 1 of 3/),
      await find('.task:nth-child(3) .handle'),
    )
    await expect.poll(() => edits(story.calls).length).toBe(1)
    await button(/^Move Lamps and extension leads, place 3 of 3/)
  })
})

describe('pictures', () => {
  it('are shown in posts, and opened and closed by keys', async () => {
    open(at('posts'))
    await see(/The recording of last week/)
    const picture = await find('.picture')
    await expect.poll(() => picture.querySelector('img')?.getAttribute('alt')).toBe('boathouse.jpg')
    picture.focus()
    await userEvent.keyboard('{Enter}')
    await expect.poll(() => document.querySelector('dialog img')?.getAttribute('alt')).toBe('boathouse.jpg')
    await expect.poll(dialog).toMatch(/2\.3 MB/)
    expect(await violations()).toEqual([])
    await userEvent.keyboard('{Escape}')
    await expect.poll(dialog).toBeUndefined()
    expect(document.activeElement).toBe(picture)
  })
})

describe('long lists', () => {
  const some = ENTITIES.filter(({ kind }) => kind === 'task' || kind === 'post' || kind === 'note')
  const many = Array.from({ length: 3_000 }, (_, index) => {
    const like = some[index % some.length]
    if (like === undefined) throw new Error('the story has none')
    return { ...like, id: `${like.id}.${index}`, counter: 100 + index }
  })
  const persons = Array.from({ length: 600 }, (_, index) => {
    const like = DETAIL.persons[index % DETAIL.persons.length] ?? expect.fail()
    return { ...like, person: `${like.person}${index}`, isSelf: index === 0, isOwner: index === 0 }
  })
  const spaces = { entities: many, detail: { persons, members: persons.length } }
  it.each([
    ['tasks', '.task', 100],
    ['notes', '.note-row', 200],
    ['posts', '.feed-row', 60],
    ['members', '.person', 50],
  ] as const)('of %s hold a part of their rows, and give more', async (tab, row, most) => {
    open(at(tab), { spaces })
    await find(row)
    const count = () => document.querySelectorAll(row).length
    expect(count()).toBeLessThanOrEqual(most)
    if (tab === 'posts') return
    await userEvent.click(await button(/^Show more/))
    await expect.poll(count).toBe(2 * most)
  })
})

describe('names and words that run from right to left', () => {
  it.each(['posts', 'notes', 'tasks', 'files', 'members', 'links', 'backup', 'settings'] as const)(
    'leave nothing of %s off the screen, whichever way it runs',
    async (tab) => {
      await page.viewport(360, 780)
      for (const dir of ['rtl', 'ltr']) {
        document.documentElement.dir = dir
        open(at(tab), ARABIC)
        await see(/جوقة/)
        await expect.poll(() => document.querySelector('main [role=status] svg')).toBeNull()
        const root = document.documentElement
        const outside = [
          ...document.querySelectorAll('main :is(h1, h2, p, .btn, .pill, input, select, img)'),
        ].filter((element) => {
          const { left, right, width } = element.getBoundingClientRect()
          return width > 0 && (left < -1 || right > root.clientWidth + 1)
        })
        expect(outside.map(({ outerHTML }) => outerHTML)).toEqual([])
        expect(root.scrollWidth).toBe(root.clientWidth)
        leave()
      }
    },
  )
})

describe('Activity', () => {
  it('names who was not believed in a space, who held back, and who forked, with the proof', async () => {
    const where = { space: CHOIR_SPACE, title: 'Tidewater Choir', device: 'did:key:zDnaeNobody' }
    const kinds = [
      ['space.ignored', { ...where, name: 'Jun', code: 'spaces.commit-beyond' }],
      ['space.fault', { ...where, peer: 'cairn.example', code: 'space.not-allowed' }],
      ['space.withheld', { ...where, peer: 'cairn.example', count: 3 }],
      [
        'space.forked',
        {
          ...{ ...where, name: 'Jun', rev: '3m7qaxkd2k4s', held: 'one', other: 'two' },
          ...{ heldCommit: new Uint8Array([1]), otherCommit: new Uint8Array([2]) },
        },
      ],
    ] as const
    const activity = kinds.map(([kind, fields], index) => ({
      ...{ id: String(index), at: Date.now(), did: undefined, level: 'warning' as const, kind, fields },
    }))
    open('/activity', { activity, jobs: [] })
    await see(/A device of Jun sent something to Tidewater Choir that counts for nothing\. \S/)
    await see(/Something that came for Tidewater Choir was thrown away\. \S/)
    await see(/offers less of Tidewater Choir than members have seen: 3 changes held back/)
    await see(
      /A device of Jun signed two different changes as one in Tidewater Choir\. Both are kept as proof/,
    )
    expect(
      [...document.querySelectorAll('button')].filter((it) => it.textContent === 'Save the proof'),
    ).toHaveLength(1)
    expect(await violations()).toEqual([])
  })
})
