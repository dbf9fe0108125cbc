import { personTag } from '../src/spaces/content/ids.ts'
import type { Edit } from '../src/cairn/api.ts'
import { expect, type Member } from './space-fixtures.ts'
import { drawPicture } from './space-pictures.ts'
import { newEntityId } from '../src/spaces/content/ids.ts'

const DAY = 24 * 60 * 60_000

export const CHOIR = 'Tidewater Choir'
export const SINGERS = ['Mirela', 'Tove Lindqvist', 'Jun Haru', 'Rosa'] as const

const random = (length: number) => crypto.getRandomValues(new Uint8Array(length))

/** What a choir of four has in its space after some weeks. */
export interface Filled {
  /** the post that has replies and reactions */
  readonly post: string
  readonly note: string
}

/** Fills the space of a choir: each writes from their own browser, and all of it is at everyone's when this resolves. */
export async function fillChoir(space: string, members: readonly Member[]): Promise<Filled> {
  const [mirela, tove, jun, rosa] = members
  if (mirela === undefined || tove === undefined || jun === undefined || rosa === undefined)
    throw new Error('the choir has four singers')
  const people = await Promise.all(
    members.map(async (member) => ({
      member,
      person: (await member.engine.spaces.get(space))?.person ?? '',
    })),
  )
  const personOf = (member: Member) => people.find((each) => each.member === member)?.person ?? ''
  const edit = (member: Member, ...edits: readonly Edit[]) => member.engine.spaces.edit(space, edits)
  const post = async (member: Member, set: Edit<'post'>['set']): Promise<string> => {
    const id = newEntityId('post', personOf(member), random)
    await edit(member, { kind: 'post', id, set })
    // others write theirs when they have read this one
    for (const other of members)
      await expect.poll(async () => (await other.engine.spaces.entity(space, `post/${id}`))?.id).toBe(id)
    return id
  }
  const react = async (member: Member, target: string, emoji: string) => {
    const found = member.screen.post(target)
    // posts far down are in the page once somebody has scrolled there
    await expect(async () => {
      await member.page.mouse.wheel(0, 300)
      expect(await found.count()).toBe(1)
    }).toPass()
    const menu = found.getByRole('button', { name: 'React' }).first()
    await member.screen.choose(menu, emoji)
  }
  const add = async (member: Member, name: string, mimeType: string, buffer: Buffer) => {
    await member.screen.tab('Files')
    await member.page.getByLabel('Files to add').setInputFiles({ name, mimeType, buffer })
    const row = member.page
      .getByRole('list', { name: 'Files' })
      .getByRole('listitem')
      .filter({ hasText: name })
    await expect(row).toBeVisible()
    const file = (await member.engine.spaces.entities(space, 'file')).find(
      ({ fields }) => 'name' in fields && fields.name === name,
    )
    return `file/${file?.id ?? ''}`
  }

  await edit(mirela, {
    kind: 'space',
    id: 'space',
    set: { about: 'Rehearsals, scores, and who brings the lamps.', backup: true },
  })
  for (const [seed, member] of [mirela, tove, jun].entries()) {
    const name = `${member.name.split(' ')[0] ?? ''}.jpg`
    const picture = await add(
      member,
      name,
      'image/jpeg',
      await drawPicture(member.page, 20 + seed * 7, 400, 400),
    )
    await edit(member, { kind: 'profile', id: personTag(personOf(member)), set: { picture } })
  }
  const boathouse = await add(jun, 'boathouse-evening.jpg', 'image/jpeg', await drawPicture(jun.page, 5))
  const stage = await add(tove, 'stage-plan.jpg', 'image/jpeg', await drawPicture(tove.page, 12, 1_200, 800))
  await add(tove, 'Scores for the altos.pdf', 'application/pdf', Buffer.alloc(640_000, '%PDF'))
  await add(rosa, 'Rehearsal, 13 November.m4a', 'audio/mp4', Buffer.alloc(3_400_000, 7))

  const welcome = 'Welcome, everyone. Notes hold the order of songs, and Files what we record.'
  await post(mirela, { text: welcome })
  await post(tove, {
    text: 'The church is ours on Tuesdays until spring. Heating comes on at six, so bring a scarf for the first half hour: https://example.org/st-olaf/key-rota',
  })
  const evening = 'The boathouse last night, from the pier. We could sing there in June.'
  const main = await post(jun, { text: evening, files: [boathouse, stage] })
  const parent = `post/${main}`
  await post(tove, { text: 'The echo under that roof! I asked the harbour office.', parent })
  await post(rosa, { text: 'I can bring twelve lamps and the long cable.', parent })
  const question = `@Mirela can you print the new alto line? Mine ends at bar 32.`
  await post(tove, { text: question, mentions: [personOf(mirela)] })
  for (const { screen } of members) await screen.open(space)
  await react(mirela, evening, 'heart')
  await react(rosa, evening, 'heart')
  await react(tove, evening, 'party')
  await react(jun, welcome, 'thumbs up')
  await mirela.screen.choose(
    mirela.screen.post(welcome).getByRole('button', { name: /^More about the post/ }),
    'Pin',
  )

  const day = (from: number) => new Date(Date.now() + from * DAY).toISOString().slice(0, 10)
  const tasks: readonly (readonly [string, Edit<'task'>['set']])[] = [
    ['Ask St Olaf for the key on 2 December', { assignee: personOf(tove), due: day(9) }],
    ['Print the alto line of the Gjeilo', { assignee: personOf(mirela), due: day(-1) }],
    ['Lamps and the long cable to the boathouse', { assignee: personOf(rosa) }],
    ['Find a page turner for the organ', {}],
    ['Book the ferry for the June concert', { done: true, assignee: personOf(jun) }],
  ]
  for (const [index, [title, set]] of tasks.entries())
    await edit(mirela, {
      kind: 'task',
      id: newEntityId('task', '', random),
      set: { title, order: `a${index}`, ...set },
    })

  await mirela.screen.tab('Notes')
  for (const title of ['Who sings what', 'Order of songs, winter concert']) {
    await mirela.screen.tab('Notes')
    await mirela.page.getByRole('button', { name: 'New note' }).click()
    await mirela.page.getByRole('textbox', { name: 'Title of the note' }).fill(title)
    await mirela.page.keyboard.press('Tab')
    await mirela.screen.noteText().click()
  }
  const { page } = mirela
  await page.keyboard.type('## First half')
  for (const line of [
    '',
    '- Northern Lights, all',
    'Sure on this shining night',
    'The tide rises, altos lead',
  ])
    await page.keyboard.type(`${line}\n`)
  await page.keyboard.type('\n## After the break\nRosa counts in. Lamps stay low until the second verse.')
  const note = new URL(page.url()).pathname.split('/').at(-1) ?? ''
  await tove.screen.open(space, 'notes', note)
  await expect(tove.screen.noteText()).toContainText('Lamps stay low')
  await tove.screen.noteText().press('Control+Home')
  await mirela.engine.spaces.makeLink(space, { kind: 'viewer', expiresIn: 7 * DAY, uses: 100 })
  await mirela.engine.spaces.makeLink(space, { kind: 'ask', expiresIn: 30 * DAY, uses: 20 })
  return { post: main, note }
}
