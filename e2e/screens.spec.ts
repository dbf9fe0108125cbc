import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from './fixtures.ts'
import type { CairnPage } from './cairn-page.ts'
import { everyScreen, spaceScreens } from './places.ts'
import { CHOIR, fillChoir, SINGERS } from './space-choir.ts'
import { test as spaceTest } from './space-fixtures.ts'
import { post, remove, tid, update } from './pds/seed.ts'
import { ROOT } from './pds/client.ts'
import { keepDraft, settleIn } from './settle-in.ts'

const OUT = join(ROOT, 'screens')

const VARIANTS = [
  { name: 'wide-light', colorScheme: 'light', width: 1180, height: 820 },
  { name: 'wide-dark', colorScheme: 'dark', width: 1180, height: 820 },
  { name: 'narrow-light', colorScheme: 'light', width: 360, height: 740 },
  { name: 'narrow-dark', colorScheme: 'dark', width: 360, height: 740 },
] as const

/** Takes a picture of what a tab shows, at each size and in each theme. */
const camera =
  ({ page, open, settled }: CairnPage) =>
  /** With a path the screen is opened anew at each size, as a person with such a device sees it. */
  async (name: string, path?: string): Promise<void> => {
    for (const { name: variant, colorScheme, width, height } of VARIANTS) {
      await mkdir(join(OUT, variant), { recursive: true })
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
      await page.setViewportSize({ width, height })
      if (path !== undefined) await open(path)
      await settled()
      await page.screenshot({ path: join(OUT, variant, `${name}.png`), animations: 'disabled' })
    }
  }

test('pictures of every screen', async ({ cairn, pds, newAccount, ada }) => {
  test.setTimeout(300_000)
  const { page } = cairn
  const picture = camera(cairn)
  await cairn.open('/')
  await expect(page.getByRole('heading', { name: 'Keep a copy of what is yours' })).toBeVisible()
  await picture('library-empty')

  const account = await newAccount({ posts: 60, likes: 30, follows: 12, images: 16 })
  await settleIn(cairn, account, 115)
  await keepDraft(cairn, account)
  await pds.call('applyWrites', {
    did: account.did,
    writes: [
      post(500_000, 'Fog on the ridge until noon, then the whole valley at once.'),
      update('app.bsky.feed.post', tid(5), {
        text: 'Edited afterwards',
        createdAt: new Date(0).toISOString(),
      }),
      remove('app.bsky.feed.post', tid(6)),
    ],
  })
  await cairn.update(account.did)
  const gone = await newAccount()
  await cairn.backUp(gone, { records: 41 })
  await pds.call('takedown', { did: gone.did, applied: true })
  await cairn.update(gone.did)
  await picture('repo-taken-down')

  await pds.faults({ match: 'com.atproto.sync.getRepo?', kind: 'throttle', rate: 20_000 })
  await cairn.open('/')
  await cairn.add(ada.handle)
  await expect(page.getByRole('main').getByRole('progressbar')).toBeVisible()
  await picture('library-working')
  await pds.faults({ match: 'com.atproto.sync.getRepo?', kind: 'cut', after: 1_000, times: 1 })
  await page.getByRole('button', { name: /^Pause/ }).click()
  await pds.faults()

  for (const { name, path } of everyScreen(account.did)) await picture(name, path)
  await cairn.openRepo(account.did, 'search')
  await page.getByRole('searchbox').fill('quartzite')
  await expect(page.getByRole('main')).toContainText('Quartzite')
  await picture('repo-search-found')
})

spaceTest('pictures of every screen of a space', async ({ group, someone }) => {
  spaceTest.setTimeout(300_000)
  const { space, members, link } = await group(CHOIR, SINGERS)
  const [mirela, tove] = members
  if (mirela === undefined || tove === undefined) throw new Error('four are asked for')
  const { page, screen } = mirela
  const picture = camera(mirela.tab)
  const filled = await fillChoir(space, members)
  const newcomer = await someone('Ines')
  const { url = '' } = await mirela.engine.spaces.makeLink(space, {
    kind: 'ask',
    expiresIn: undefined,
    uses: 5,
  })
  await newcomer.screen.follow(url)
  await newcomer.screen.accept('Ines', 'Ask to join')
  await expect(newcomer.screen.main).toContainText('Your request waits')
  await camera(newcomer.tab)('space-asked')
  await expect.poll(async () => (await mirela.engine.spaces.requests(space)).length).toBe(1)

  for (const { name, path } of spaceScreens(space, filled)) await picture(name, path)
  await page.setViewportSize({ width: 1180, height: 820 })
  await screen.open(space)
  await screen.share()
  await picture('space-link')
  await screen.open(space, 'search')
  await page.getByRole('searchbox').fill('lamp')
  await expect(page.getByRole('list', { name: 'Found' })).toBeVisible()
  await picture('space-search-found')

  const late = await someone('Noor')
  await late.tab.open('/spaces')
  await camera(late.tab)('spaces-empty')
  await late.screen.follow(link)
  await expect(late.page.getByRole('heading', { level: 1 })).toHaveText(`Join ${CHOIR}?`)
  await camera(late.tab)('join-ask')

  await tove.context.setOffline(true)
  await tove.screen.open(space, 'tasks')
  await tove.screen.addTask('Tea and cake for forty')
  await camera(tove.tab)('space-offline')
})
