import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from './fixtures.ts'
import { everyScreen } from './places.ts'
import { post, remove, tid, update } from './pds/seed.ts'
import { ROOT } from './pds/client.ts'

const OUT = join(ROOT, 'screens')

const VARIANTS = [
  { name: 'wide-light', colorScheme: 'light', width: 1180, height: 820 },
  { name: 'wide-dark', colorScheme: 'dark', width: 1180, height: 820 },
  { name: 'narrow-light', colorScheme: 'light', width: 360, height: 740 },
  { name: 'narrow-dark', colorScheme: 'dark', width: 360, height: 740 },
] as const

test('pictures of every screen', async ({ cairn, pds, newAccount, ada }) => {
  test.setTimeout(300_000)
  const { page } = cairn
  await page.emulateMedia({ reducedMotion: 'reduce' })
  /** With a path the screen is opened anew at each size, as a person with such a device sees it. */
  const picture = async (name: string, path?: string): Promise<void> => {
    for (const { name: variant, colorScheme, width, height } of VARIANTS) {
      await mkdir(join(OUT, variant), { recursive: true })
      await page.emulateMedia({ colorScheme })
      await page.setViewportSize({ width, height })
      if (path !== undefined) await cairn.open(path)
      await cairn.settled()
      await page.screenshot({ path: join(OUT, variant, `${name}.png`), animations: 'disabled' })
    }
  }

  await cairn.open('/')
  await expect(page.getByRole('heading', { name: 'Keep a copy of what is yours' })).toBeVisible()
  await picture('library-empty')

  const account = await newAccount({ posts: 60, likes: 30, follows: 12, images: 16 })
  await cairn.backUp(account, { records: 115 })
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
