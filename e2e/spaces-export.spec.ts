import { createHash, randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { spaceHref } from '../src/app/lib/routes.ts'
import { exportSpace, forgetSpace, importSpace } from './space-archive.ts'
import { expect, namesOf, test, titlesOf, type Member } from './space-fixtures.ts'
import { drawPicture } from './space-pictures.ts'
import { storedTexts } from './stored.ts'
import { readZip } from './zip.ts'

const PASSPHRASE = 'amber lantern, twelve crates'

/** Where what belongs to spaces is stored, and to nothing else. */
const TABLES = ['spaces', 'space-log', 'space-keys', 'space-files', 'space-repos', 'space-records'] as const

/** As far as it is read here. */
interface SpaceJson {
  readonly title: string
  readonly notes: readonly { readonly text: string }[]
  readonly files: readonly { readonly path: string; readonly size: number }[]
  readonly content: {
    readonly entities: readonly {
      readonly kind: string
      readonly fields: Readonly<Record<string, unknown>>
      readonly byName: string
    }[]
  }
}

test('an exported space is read by anyone, and imported again; one that is forgotten leaves nothing', async ({
  group,
  someone,
  app,
}) => {
  test.setTimeout(150_000)
  const { space, members } = await group('Orchard: autumn/winter', ['Anna', 'Béla'])
  const [anna, bela] = members
  if (anna === undefined || bela === undefined) throw new Error('two are asked for')
  const picture = await drawPicture(anna.page, 4)
  const ledger = randomBytes(2_500_000)
  await fill(anna, bela, picture, ledger)

  const plain = await exportSpace(anna, space)
  expect(plain.name).toMatch(/^Orchard.*winter \d{4}-\d\d-\d\d\.zip$/)
  const entries = readZip(plain.bytes)
  const read = (name: string) => entries.get(name)?.toString('utf8') ?? ''
  expect([...entries.keys()].sort()).toEqual([
    'README.txt',
    'files/ledger.bin',
    'files/valley.jpg',
    'members.json',
    'notes/Harvest.md',
    'notes/data/Harvest.json',
    'space.json',
  ])
  expect(read('README.txt')).toContain('The space “Orchard: autumn/winter”')
  const main = JSON.parse(read('space.json')) as SpaceJson
  expect(main.title).toBe('Orchard: autumn/winter')
  const of = (kind: string) => main.content.entities.filter((entity) => entity.kind === kind)
  expect(of('post').map(({ fields, byName }) => [byName, fields['text']])).toEqual(
    expect.arrayContaining([
      ['Anna', 'The view from the press'],
      ['Béla', 'I see the mill'],
    ]),
  )
  expect(of('reaction').map(({ fields, byName }) => [byName, fields['emoji']])).toEqual([['Béla', '🎉']])
  expect(of('task').map(({ fields }) => [fields['title'], fields['done'] ?? false])).toEqual(
    expect.arrayContaining([
      ['Prune', true],
      ['Pick', false],
    ]),
  )
  const people = JSON.parse(read('members.json')) as readonly { readonly name: string }[]
  expect(people.map(({ name }) => name).sort()).toEqual(['Anna', 'Béla'])
  expect(read('notes/Harvest.md')).toBe(
    '# Harvest\n\n## Crates\n\nForty of **Boskoop**, *ripe*.\n\n- pears\n- quinces\n',
  )
  expect(entries.get('files/valley.jpg')?.equals(picture)).toBe(true)
  expect(entries.get('files/ledger.bin')?.equals(ledger)).toBe(true)
  const sealed = await exportSpace(anna, space, PASSPHRASE)
  expect(sealed.name).toMatch(/\.cairn-space$/)
  for (const secret of ['space.json', 'Boskoop', 'Anna'])
    expect(sealed.bytes.includes(secret), `“${secret}” in a sealed export`).toBe(false)

  // a bare browser
  const cem = await someone('Cem')
  const before = await storedTexts(cem.page)
  await importSpace(cem, { ...plain, bytes: plain.bytes.subarray(0, plain.bytes.length - 2_000) })
  await expect(cem.screen.dialog.getByRole('alert')).toContainText('Nothing was changed.')
  await importSpace(cem, sealed)
  await expect(cem.screen.problem('spaces.import-passphrase').or(needsPassphrase(cem))).toBeVisible()
  await importSpace(cem, sealed, 'amber lantern')
  await expect(cem.screen.problem('spaces.import-passphrase')).toBeVisible()
  expect(await cem.engine.spaces.list()).toEqual([])
  expect(ofSpaces(await storedTexts(cem.page))).toEqual(ofSpaces(before))
  await importSpace(cem, sealed, PASSPHRASE)
  await expect(cem.page.getByRole('heading', { level: 1 })).toHaveText('Orchard: autumn/winter')
  const imported = cem.screen.space()
  expect(imported).not.toBe(space)
  await isThere(cem, picture)
  expect(await namesOf(cem, imported)).toEqual(['Cem'])
  expect(await titlesOf(cem, imported)).toEqual(['Pick', 'Prune'])
  await importSpace(cem, plain)
  await expect(cem.page.getByRole('heading', { level: 1 })).toHaveText('Orchard: autumn/winter')
  const second = cem.screen.space()

  // both have the same in them: one goes, and the other stays whole
  await forgetSpace(cem, imported)
  await expect(cem.screen.main.getByRole('listitem')).toHaveCount(1)
  const names = namesIn(imported)
  expect(mentioned(await storedTexts(cem.page), names)).toEqual([])
  await cem.page.goto(app.url + spaceHref(imported))
  await expect(cem.screen.main).toContainText('This space is not on this device')
  await cem.screen.open(second)
  await isThere(cem, picture)
  await forgetSpace(cem, second)
  expect(ofSpaces(await storedTexts(cem.page))).toEqual(ofSpaces(before))
  // and one that others are in, with what was remembered of them
  const { device } = (await bela.engine.spaces.get(space)) ?? {}
  const shared = [...namesIn(space), device ?? space]
  expect(mentioned(await storedTexts(bela.page), shared)).not.toEqual([])
  await forgetSpace(bela, space)
  await expect(bela.screen.main).toContainText('A place for your group')
  expect(mentioned(await storedTexts(bela.page), shared)).toEqual([])
  expect(ofSpaces(await storedTexts(bela.page))).toEqual(ofSpaces(before))
  // the others keep theirs, and know of nothing
  expect(await namesOf(anna, space)).toEqual(['Anna', 'Béla'])
})

/** What two have in their space: each wrote some of it, and the second has fetched nothing. */
async function fill(anna: Member, bela: Member, picture: Buffer, ledger: Buffer): Promise<void> {
  await anna.screen.main
    .getByLabel('Files to send')
    .setInputFiles({ name: 'valley.jpg', mimeType: 'image/jpeg', buffer: picture })
  await expect(anna.screen.main.getByRole('list', { name: 'Files to send' })).toContainText('valley.jpg')
  await anna.screen.write('The view from the press')
  const theirs = bela.screen.post('The view from the press')
  await theirs.getByRole('button', { name: 'Reply' }).click()
  await theirs.getByRole('textbox', { name: 'Write a reply' }).fill('I see the mill')
  await theirs.getByRole('button', { name: 'Reply', exact: true }).click()
  await bela.screen.choose(theirs.getByRole('button', { name: 'React' }).first(), 'party')
  await anna.screen.tab('Tasks')
  for (const title of ['Prune', 'Pick']) await anna.screen.addTask(title)
  // goes from the list of what is open
  await anna.page.getByRole('checkbox', { name: 'Prune: done' }).click()
  await expect(anna.screen.task('Prune')).toHaveCount(0)
  await anna.screen.tab('Files')
  await anna.page
    .getByLabel('Files to add')
    .setInputFiles({ name: 'ledger.bin', mimeType: 'application/octet-stream', buffer: ledger })
  await expect(anna.page.getByRole('list', { name: 'Files' })).toContainText('ledger.bin')
  await anna.screen.tab('Notes')
  await anna.page.getByRole('button', { name: 'New note' }).click()
  await anna.page.getByRole('textbox', { name: 'Title of the note' }).fill('Harvest')
  await anna.page.keyboard.press('Tab')
  await anna.screen.noteText().click()
  const { keyboard } = anna.page
  await keyboard.type('## Crates\nForty of ')
  await keyboard.press('Control+b')
  await keyboard.type('Boskoop')
  await keyboard.press('Control+b')
  await keyboard.type(', ')
  await keyboard.press('Control+i')
  await keyboard.type('ripe')
  await keyboard.press('Control+i')
  await keyboard.type('.\n- pears\nquinces')
  await anna.screen.tab('Posts')
  await expect(anna.screen.post('The view from the press')).toContainText('I see the mill')
  await expect(
    anna.screen.post('The view from the press').getByRole('button', { name: /🎉 1 from Béla/ }),
  ).toBeVisible()
}

/** What was exported is on the screens of an imported space. */
async function isThere({ page, screen }: Member, picture: Buffer): Promise<void> {
  await screen.tab('Posts')
  const post = screen.post('The view from the press')
  await expect(post).toContainText('Anna')
  await expect(post).toContainText('I see the mill')
  await expect(post.locator('img').first()).toBeVisible()
  await screen.tab('Tasks')
  await expect.poll(() => screen.taskTitles()).toEqual(['Pick'])
  await screen.tab('Notes')
  await page.getByRole('link', { name: 'Harvest' }).click()
  const text = screen.noteText()
  await expect(text.getByRole('heading', { level: 2 })).toHaveText('Crates')
  await expect(text.locator('strong')).toHaveText('Boskoop')
  await expect(text.locator('em')).toHaveText('ripe')
  await expect(text.getByRole('listitem')).toHaveText(['pears', 'quinces'])
  await screen.tab('Files')
  const row = page
    .getByRole('list', { name: 'Files' })
    .getByRole('listitem')
    .filter({ hasText: 'valley.jpg' })
  const started = page.waitForEvent('download')
  await row.getByRole('button', { name: /^Save / }).click()
  expect((await readFile(await (await started).path())).equals(picture)).toBe(true)
}

const needsPassphrase = ({ screen }: Member) =>
  screen.dialog.getByRole('alert').filter({ hasText: 'This export is sealed with a passphrase.' })

/** By which a space is named in a database: its URI, its authority, and the name of its chunks. */
const namesIn = (space: string): string[] => [
  space,
  space.split('/')[2] ?? space,
  createHash('sha256').update(space).digest('hex').slice(0, 32),
]

/** Rows that mention one of these, as their table and their beginning. */
const mentioned = (stored: Readonly<Record<string, readonly string[]>>, names: readonly string[]): string[] =>
  Object.entries(stored).flatMap(([table, rows]) =>
    rows
      .filter((row) => names.some((name) => row.includes(name)))
      .map((row) => `${table}: ${row.slice(0, 200)}`),
  )

/** What is stored of spaces, whichever they are. */
const ofSpaces = (stored: Readonly<Record<string, readonly string[]>>) => ({
  ...Object.fromEntries(TABLES.map((table) => [table, stored[table]])),
  bytes: stored['bytes']?.filter((row) => row.startsWith('space-')),
  network: stored['network']?.filter((row) => row.startsWith('space-')),
  meta: stored['meta']?.filter((row) => row.startsWith('space-')),
  activity: stored['activity']?.filter((row) => row.includes('space.')),
})
