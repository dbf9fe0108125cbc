import { generate } from 'lean-qr'
import { createSpaceScreen } from './space-screen.ts'
import {
  addTask,
  everything,
  expect,
  inWithin,
  type Member,
  namesOf,
  NOT_INSTALLED,
  sent,
  test,
  titlesOf,
} from './space-fixtures.ts'

test.use(NOT_INSTALLED)

const HOUR = 60 * 60_000

test('a space is made, its link scanned or sent, and whoever opens it is in within two seconds', async ({
  someone,
}) => {
  const [anna, bela] = await Promise.all([someone('Anna'), someone('Béla')])
  const space = await anna.screen.make('Orchard', 'Anna')
  await anna.screen.write('Bring ladders on Saturday')
  const link = await anna.screen.share()
  const code = generate(link)
  const modules = [...Array(code.size * code.size).keys()].filter((at) =>
    code.get(at % code.size, Math.floor(at / code.size)),
  )
  const drawn = await anna.screen.dialog
    .getByRole('img', { name: /^QR code/ })
    .locator('path')
    .getAttribute('d')
  expect(drawn?.match(/M/g)?.length, 'the code that is drawn is that of the link').toBe(modules.length)
  await anna.screen.dialog.getByRole('button', { name: 'Done' }).click()

  const { page, screen } = bela
  await screen.follow(link)
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Join Orchard?')
  await page.getByRole('textbox', { name: 'Your name in it' }).fill('Béla')
  await page.getByRole('button', { name: 'Join', exact: true }).click()
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Orchard', { timeout: inWithin() })
  expect(screen.space()).toBe(space)
  await expect(screen.post('Bring ladders on Saturday')).toBeVisible()
  await screen.write('I bring two')
  await expect(anna.screen.post('I bring two')).toContainText('Béla')

  await anna.screen.tab('Links')
  const row = anna.page.getByRole('list', { name: 'Links that are live' }).getByRole('listitem')
  await expect(row).toContainText('1 of 20 uses taken.')
  await expect(row).toContainText('Came by it: Béla.')
  await anna.screen.tab('Members')
  await expect(anna.screen.person('Béla')).toContainText('Came by a link of Anna.')
})

test('the secret of a link leaves the address at once, and no request and no log has it', async ({
  someone,
  watchedRelay,
}) => {
  const relay = await watchedRelay()
  const [anna, bela] = await Promise.all([someone('Anna', { relay }), someone('Béla', { relay })])
  const asked: string[] = []
  for (const { context } of [anna, bela])
    context.on('request', (request) => {
      asked.push(request.url(), JSON.stringify(request.headers()), request.postData() ?? '')
    })
  await anna.screen.make('Orchard', 'Anna')
  const link = await anna.screen.share()
  const [, id = '', secret = ''] = /#\/join\/([\w-]{22})\.([\w-]{43})$/.exec(link) ?? []
  expect(secret).toHaveLength(43)

  // once in a tab that shows the app already, and once as a fresh tab opens it
  const fresh = createSpaceScreen(await bela.context.newPage(), relay.url)
  for (const { follow, page } of [bela.screen, fresh]) {
    await follow(link)
    const addresses = () =>
      page.evaluate(() => [
        location.href,
        document.referrer,
        ...navigation.entries().map(({ url }) => url ?? ''),
        JSON.stringify(history.state),
        JSON.stringify([Object.entries(localStorage), Object.entries(sessionStorage)]),
      ])
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Join Orchard?')
    for (const address of await addresses()) expect(address).not.toContain(secret)
    if (page !== fresh.page) continue
    await fresh.accept('Béla')
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Orchard')
    for (const address of await addresses()) expect(address).not.toContain(secret)
  }

  const raw = Buffer.from(secret, 'base64url')
  const received = await relay.received()
  const log = await relay.log()
  expect(asked.length).toBeGreaterThan(10)
  expect(received.includes('GET /relay.json') || received.includes('GET /'), 'the relay is watched').toBe(
    true,
  )
  expect(everything(asked), 'requests of the pages').not.toContain(secret)
  for (const form of [secret, raw, raw.toString('hex'), encodeURIComponent(secret), id]) {
    expect(log.includes(String(form)), 'the relay’s log').toBe(false)
    if (form !== id) expect(received.includes(form), 'what reached the relay').toBe(false)
  }
  const kept = await relay.kept()
  for (const form of [secret, raw, raw.toString('hex'), id]) expect(kept.includes(form)).toBe(false)
})

test('a link opens while its maker is away, as long as a store is up', async ({ someone }) => {
  const anna = await someone('Anna')
  const space = await anna.screen.make('Orchard', 'Anna')
  await anna.screen.write('Bring ladders on Saturday')
  await addTask(anna, space, 'Prune')
  const link = await anna.screen.share({ uses: 'one person' })
  await sent(anna, space)
  await anna.context.close()

  const bela = await someone('Béla')
  await bela.screen.follow(link)
  await bela.screen.accept('Béla')
  await expect(bela.page.getByRole('heading', { level: 1 })).toHaveText('Orchard', { timeout: inWithin() })
  await expect(bela.screen.post('Bring ladders on Saturday')).toBeVisible()
  expect(await titlesOf(bela, space)).toEqual(['Prune'])
  await bela.screen.tab('Tasks')
  await bela.screen.addTask('Pick')
})

test('a link that is used up says so while its maker is away', async ({ someone }) => {
  const anna = await someone('Anna')
  const space = await anna.screen.make('Orchard', 'Anna')
  const link = await anna.screen.share({ uses: 'one person' })
  await sent(anna, space)
  await anna.context.close()
  const bela = await someone('Béla')
  await bela.screen.follow(link)
  await bela.screen.accept('Béla')
  await expect(bela.page.getByRole('heading', { level: 1 })).toHaveText('Orchard', { timeout: inWithin() })

  // the link was for one: the next is told so, and is in no list
  await sent(bela, space)
  const cem = await someone('Cem')
  await cem.screen.follow(link)
  const offer = cem.page.getByRole('heading', { name: 'Join Orchard?' })
  const usedUp = cem.screen.problem('spaces.link-used-up')
  await expect(offer.or(usedUp)).toBeVisible()
  if (await offer.isVisible()) await cem.screen.accept('Cem')
  await expect(usedUp).toBeVisible()
  expect(await namesOf(bela, space)).toEqual(['Anna', 'Béla'])
})

test('who comes by a viewer link reads all, can write nothing, and sees why', async ({ someone }) => {
  const [anna, rosa] = await Promise.all([someone('Anna'), someone('Rosa')])
  const space = await anna.screen.make('Orchard', 'Anna')
  await anna.screen.write('Bring ladders on Saturday')
  await addTask(anna, space, 'Prune')
  const link = await anna.screen.share({ kind: 'Can read' })

  const { screen, page } = rosa
  await screen.follow(link)
  await expect(screen.main).toContainText('You will be able to read everything in it, and not to change it.')
  await screen.accept('Rosa')
  await expect(screen.post('Bring ladders on Saturday')).toBeVisible()
  await expect(screen.main).toContainText(
    'You can read here. Whoever let you in, or another admin, can let you write.',
  )
  await expect(screen.main.getByRole('textbox')).toHaveCount(0)
  await expect(page.getByRole('button', { name: 'Reply' })).toHaveCount(0)
  await screen.tab('Tasks')
  await expect(screen.task('Prune')).toBeVisible()
  await expect(screen.main.getByRole('textbox')).toHaveCount(0)
  await expect(page.getByRole('checkbox', { name: 'Prune: done' })).toBeDisabled()
  await expect(addTask(rosa, space, 'Mine')).rejects.toThrow('spaces.read-only')
  expect(await titlesOf(anna, space)).toEqual(['Prune'])
})

test('asking to join: the request is seen, let in or declined, and both are told', async ({ someone }) => {
  const [anna, bela, cem] = await Promise.all([someone('Anna'), someone('Béla'), someone('Cem')])
  await anna.screen.make('Orchard', 'Anna')
  await anna.screen.write('Bring ladders on Saturday')
  const link = await anna.screen.share({ kind: 'Has to ask' })
  await anna.screen.dialog.getByRole('button', { name: 'Done' }).click()
  for (const asking of [bela, cem]) {
    await asking.screen.follow(link)
    await asking.screen.accept(asking.name, 'Ask to join')
    await expect(asking.screen.main).toContainText('Your request waits for an answer')
    await expect(asking.screen.main).not.toContainText('ladders')
  }
  await anna.screen.tab('Members')
  const requests = anna.page.getByRole('region', { name: '2 requests to join' })
  await expect(requests.getByRole('listitem')).toHaveCount(2)
  await requests
    .getByRole('button', { name: /^Let in/ })
    .first()
    .click()
  const left = anna.page.getByRole('region', { name: '1 request to join' })
  await left.getByRole('button', { name: /^Decline/ }).click()
  await expect(left).toHaveCount(0)
  const stateOf = async ({ engine }: Member) => (await engine.spaces.list())[0]?.state
  await expect.poll(() => Promise.all([bela, cem].map(stateOf))).toContain('member')
  const inside = (await stateOf(bela)) === 'member' ? bela : cem
  const out = inside === bela ? cem : bela
  // by itself, without a reload
  await expect(inside.screen.post('Bring ladders on Saturday')).toBeVisible()
  await expect(out.screen.main).toContainText('Your request was declined')
  await expect(out.screen.main).not.toContainText('ladders')
  expect(await stateOf(out)).toBe('declined')
  expect(await anna.engine.spaces.requests(anna.screen.space())).toEqual([])
})

test('the long form of a link asks with no relay keeping anything', async ({ someone, watchedRelay }) => {
  const relay = await watchedRelay('--no-spaces')
  const [anna, bela] = await Promise.all([someone('Anna', { relay }), someone('Béla', { relay })])
  const space = await anna.screen.make('Orchard', 'Anna')
  const link = await anna.screen.share({ kind: 'Has to ask', long: true })
  await anna.screen.dialog.getByRole('button', { name: 'Done' }).click()
  expect(link.length).toBeGreaterThan(300)
  await bela.screen.follow(link)
  expect(bela.page.url()).not.toContain('#')
  await bela.screen.accept('Béla', 'Ask to join')
  await expect(bela.screen.main).toContainText('Your request waits for an answer')
  await anna.screen.tab('Members')
  await anna.page.getByRole('button', { name: /^Let in/ }).click()
  await expect.poll(() => namesOf(anna, space)).toEqual(['Anna', 'Béla'])
  await expect(bela.screen.main.getByRole('textbox', { name: 'Write to Orchard' })).toBeVisible()
})

test('a link that was revoked, has expired, or is damaged or unknown says exactly that', async ({
  someone,
}) => {
  const [anna, bela] = await Promise.all([someone('Anna'), someone('Béla')])
  const space = await anna.screen.make('Orchard', 'Anna')
  const expiring = await anna.engine.spaces.makeLink(space, { kind: 'editor', expiresIn: 1_500, uses: 5 })
  const early = await bela.engine.spaces.preview(expiring.url ?? '')
  expect(early.title).toBe('Orchard')
  const revoked = await anna.screen.share()
  await anna.screen.dialog.getByRole('button', { name: 'Done' }).click()
  await anna.screen.tab('Links')
  await anna.page
    .getByRole('button', { name: /^Revoke/ })
    .first()
    .click()
  await anna.screen.dialog.getByRole('button', { name: 'Revoke it' }).click()
  await expect(anna.page.getByRole('group').filter({ hasText: /^Over \(/ })).toBeVisible()

  const { screen, page } = bela
  const says = async (url: string, code: string) => {
    await screen.follow(url)
    await expect(screen.problem(code), code).toBeVisible()
    await expect(page.getByRole('button', { name: 'Join' })).toHaveCount(0)
    expect(await bela.engine.spaces.list()).toEqual([])
  }
  await says(revoked, 'spaces.link-revoked')
  await says(revoked.slice(0, -3), 'spaces.link-malformed')
  await says(revoked.replace(/.{3}$/, 'AAA'), 'spaces.link-damaged')
  await expect
    .poll(() => bela.engine.spaces.preview(expiring.url ?? '').catch((error: { code: string }) => error.code))
    .toBe('spaces.link-expired')
  await says(expiring.url ?? '', 'spaces.link-expired')
  const other = await someone('Dana', { installs: true })
  const elsewhere = await other.engine.spaces.create({ title: 'Elsewhere', name: 'Dana' })
  await other.tab.installed()
  await other.context.setOffline(true)
  const unheard = await other.engine.spaces.makeLink(elsewhere.space, {
    kind: 'editor',
    expiresIn: HOUR,
    uses: 1,
  })
  expect(unheard.atRelay).toBe(false)
  await says(unheard.url ?? '', 'spaces.link-unknown')
})
