import { expect, sent, test } from './space-fixtures.ts'

/** Words that stand nowhere else. */
const TITLE = 'Quincunx Orchard'
const SAID = 'The zephyr took the marquee'
const TASK = 'Rehang the portcullis'
const NOTE = 'Kumquat ledger'
const TYPED = 'twelve hundredweight of kumquats'
const FILE = 'gooseberry-inventory.txt'
const INSIDE = 'jackdaws love my big sphinx of quartz. '.repeat(40)
const REPLY = 'It hangs in the walnut tree'
const ABOUT = 'Rotas, vexillology and jam'
const NAMES = ['Anneliese Quill', 'Béla Vanderzwoot']

test('nothing that members write reaches the relay readable: no request, no stream, no row, no file, no log', async ({
  group,
  watchedRelay,
}) => {
  test.setTimeout(120_000)
  const relay = await watchedRelay()
  const { space, members } = await group(TITLE, NAMES, { relay, network: { relayOnly: true } })
  const [anna, bela] = members
  if (anna === undefined || bela === undefined) throw new Error('two are asked for')
  await anna.engine.spaces.edit(space, [{ kind: 'space', id: 'space', set: { about: ABOUT } }])
  await anna.screen.write(SAID)
  const theirs = bela.screen.post(SAID)
  await theirs.getByRole('button', { name: 'Reply' }).click()
  await theirs.getByRole('textbox', { name: 'Write a reply' }).fill(REPLY)
  await theirs.getByRole('button', { name: 'Reply', exact: true }).click()
  await bela.screen.choose(theirs.getByRole('button', { name: 'React' }).first(), 'party')
  await expect(anna.screen.post(SAID)).toContainText(REPLY)
  await anna.screen.tab('Tasks')
  await anna.screen.addTask(TASK)
  await anna.screen.tab('Files')
  await anna.page
    .getByLabel('Files to add')
    .setInputFiles({ name: FILE, mimeType: 'text/plain', buffer: Buffer.from(INSIDE) })
  await bela.screen.tab('Notes')
  await bela.page.getByRole('button', { name: 'New note' }).click()
  await bela.page.getByRole('textbox', { name: 'Title of the note' }).fill(NOTE)
  await bela.page.keyboard.press('Tab')
  await bela.screen.noteText().pressSequentially(TYPED)
  await anna.screen.tab('Notes')
  await anna.page.getByRole('link', { name: NOTE }).click()
  await expect(anna.screen.noteText()).toContainText(TYPED)
  await bela.screen.tab('Files')
  const started = bela.page.waitForEvent('download')
  await bela.page.getByRole('button', { name: `Fetch and save ${FILE}` }).click()
  await started
  await anna.screen.tab('Posts')
  await anna.screen.share()
  for (const member of members) await sent(member, space)

  const received = await relay.received()
  const log = Buffer.from(await relay.log())
  const kept = await relay.kept()
  // all that reaches it is looked at: what a relay must see is there
  for (const [what, bytes] of [
    ['received', received],
    ['kept', kept],
  ] as const) {
    expect(bytes.includes('app.cairn.sealed'), `sealed records, ${what}`).toBe(true)
    expect(bytes.includes(space), `the space’s URI, ${what}`).toBe(true)
  }
  expect(received.length).toBeGreaterThan(100_000)
  expect(log.length).toBeGreaterThan(100)
  const secrets = [TITLE, SAID, TASK, NOTE, TYPED, FILE, INSIDE.slice(0, 36), REPLY, ABOUT, ...NAMES]
  for (const secret of secrets)
    for (const part of [secret, ...secret.split(' ').filter((word) => word.length > 6)])
      for (const form of [
        Buffer.from(part),
        Buffer.from(part, 'utf16le'),
        Buffer.from(encodeURIComponent(part)),
      ]) {
        expect(received.includes(form), `“${part}” reached the relay`).toBe(false)
        expect(kept.includes(form), `“${part}” is kept`).toBe(false)
        expect(log.includes(form), `“${part}” is in the log`).toBe(false)
      }
})
