import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { page, userEvent } from 'vitest/browser'
import { repoHref } from './lib/routes.ts'
import { find, leave, open, see } from './testing/on-screen.tsx'
import { at, warmUp } from './testing/space-screen.tsx'
import { REPOS } from './testing/story-data.ts'
import { DETAIL } from './testing/story-space-data.ts'

const LONG = 'Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft'

beforeAll(warmUp)
afterEach(leave)

const right = (selector: string): number =>
  document.querySelector(selector)?.getBoundingClientRect().right ?? Number.NaN
/** It starts and ends within another. */
const isIn = (inner: Element, outer: Element): boolean => {
  const [a, b] = [inner.getBoundingClientRect(), outer.getBoundingClientRect()]
  return a.left > b.left - 1 && a.right < b.right + 1
}

/** What one presses in it and does not see whole. */
const outside = (place: Element): readonly string[] =>
  [...place.querySelectorAll('select, button')]
    .filter((each) => each.checkVisibility() && !isIn(each, place))
    .map((each) => each.outerHTML)

describe('a name as long as a line', () => {
  it('leaves room for the size beside it', async () => {
    await page.viewport(360, 740)
    const [repo] = REPOS
    if (repo === undefined) throw new Error('there are repos')
    open('/settings', { repos: [{ ...repo, displayName: LONG }] })
    const size = await find('.usage dd')
    await see(LONG)
    const text = document.createRange()
    text.selectNodeContents(size)
    expect(text.getClientRects()).toHaveLength(1)
  })

  it('begins where its script begins, and is cut off at its end', async () => {
    await page.viewport(360, 740)
    const [repo] = REPOS
    if (repo === undefined) throw new Error('there are repos')
    open('/', {
      repos: [{ ...repo, displayName: 'שרה בת אברהם לוי רוזנברג מירושלים שבהרים הגבוהים מאוד' }],
      jobs: [],
    })
    const name = await find('.row .name bdi')
    const first = document.createRange()
    first.setStart(name.firstChild ?? name, 0)
    first.setEnd(name.firstChild ?? name, 1)
    expect(name.scrollWidth).toBeGreaterThan(name.clientWidth)
    const [letter, row] = [first.getBoundingClientRect(), name.getBoundingClientRect()]
    expect(letter.right).toBeLessThan(row.right + 1)
    expect(row.right).toBeLessThan(right('.row .state'))
  })

  it('makes no field, row or button of the members wider than what it is in', async () => {
    await page.viewport(1180, 900)
    const persons = DETAIL.persons.map((person) => (person.isSelf ? person : { ...person, name: LONG }))
    open(at('members'), { spaces: { detail: { persons, isOwner: true } } })
    await see(/When you are gone/)
    expect([...document.querySelectorAll('main .card')].flatMap(outside)).toEqual([])
    for (const row of document.querySelectorAll('.person')) {
      const role = row.querySelector('select')
      const name = row.querySelector('.person-name .strong')
      if (role === null || name === null) continue
      const isBeside = role.getBoundingClientRect().top < name.getBoundingClientRect().bottom
      if (isBeside)
        expect(name.getBoundingClientRect().right).toBeLessThanOrEqual(role.getBoundingClientRect().left)
    }
    await userEvent.click(await find('.person > .line .btn.danger'))
    expect(outside(await find('dialog'))).toEqual([])
  })
})

describe('a large number', () => {
  it('is in one line at every width, and so are the headings beside it', async () => {
    const [repo] = REPOS
    if (repo === undefined) throw new Error('there are repos')
    open(repoHref(repo.did), { repos: [{ ...repo, records: 12_345_678 }] })
    await see('12,345,678')
    for (const width of [360, 700, 820, 960, 1100, 1180]) {
      await page.viewport(width, 800)
      const broken = [...document.querySelectorAll('.stats dd, .colls h2, .colls td')].filter((each) => {
        const text = document.createRange()
        text.selectNodeContents(each)
        return new Set([...text.getClientRects()].map(({ top }) => top)).size > 1
      })
      expect(broken.map((each) => `${width}: ${each.textContent}`)).toEqual([])
    }
  })
})

describe('the tab that is open', () => {
  it('shows whole when the others have grown by what is new', async () => {
    await page.viewport(590, 740)
    open(at('settings'), { spaces: { unread: { posts: 12, notes: 13, tasks: 14, files: 15 } } })
    const tab = await find('[data-tab=settings]')
    const bar = tab.parentElement ?? tab
    await expect.poll(() => bar.querySelectorAll('.tab-count').length).toBeGreaterThanOrEqual(4)
    await expect.poll(() => isIn(tab, bar)).toBe(true)
  })
})
