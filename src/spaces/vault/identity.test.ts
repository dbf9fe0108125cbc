import { cp } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import * as Y from 'yjs'
import { takeUpOffer } from './device-offer.ts'
import { signConsent } from '../members/consent.ts'
import { TEXT_COLLECTION, TEXT_FIELD } from '../text/limits.ts'
import { createNoteText } from '../text/note-text.ts'
import type { Vault } from './model.ts'
import { give, link, meet, sorted, task, withWorld } from './testing/kit.ts'

const randomBytes = (length: number): Uint8Array => crypto.getRandomValues(new Uint8Array(length))

const NOTE = 'plan'

/** A note as a vault has it, and what of it is no text. */
async function noteOf(vault: Vault) {
  const text = createNoteText({ note: NOTE, device: vault.device().id, random: randomBytes })
  const records = await vault.list(TEXT_COLLECTION, NOTE)
  const faults = records.flatMap(({ device, rkey, value }) => text.put(device, rkey, value)?.code ?? [])
  return { text, faults }
}

/** Types a paragraph at the end, and stores it. */
async function type(vault: Vault, words: string): Promise<void> {
  const { text } = await noteOf(vault)
  const { state, client } = text.open()
  const doc = new Y.Doc()
  doc.clientID = client
  Y.applyUpdate(doc, state)
  const before = Y.encodeStateVector(doc)
  const paragraph = new Y.XmlElement('paragraph')
  paragraph.insert(0, [new Y.XmlText(words)])
  doc.getXmlFragment(TEXT_FIELD).push([paragraph])
  text.typed(Y.encodeStateAsUpdate(doc, before), 0)
  const changes = text.take()?.changes ?? []
  await vault.write(changes.map((it) => ({ collection: TEXT_COLLECTION, ...it })))
}

describe('a cloned profile', () => {
  it('keeps what it typed into notes and had not sent as versions of them', () =>
    withWorld(async (world) => {
      const [anna, ben] = [await world.profile('Anna'), await world.profile('Ben')]
      const a = await anna.found()
      const b = await ben.join(await a.links.make(link()))
      await meet(a, b)
      await type(b, 'both')
      await meet(a, b)
      const sent = await b.store.head(`${b.row.space}/${b.device().id}`)
      await ben.close()
      await ben.storage.close()
      const copy = await world.profile('Ben again')
      await copy.storage.close()
      await cp(ben.directory, copy.directory, { recursive: true, force: true })
      await ben.reopen()
      await copy.reopen()
      const [one, two] = [await ben.open(), await copy.open()]
      await type(one, 'one')
      world.clock.now += 10
      await type(two, 'two')
      await meet(a, one)
      expect(await give(a, two)).toContain('spaces.cloned')
      await two.adoptNewIdentity(sent && { rev: sent.rev, commit: sent.cid })
      await meet(a, one, two)
      for (const vault of [a, one, two]) {
        const { text, faults } = await noteOf(vault)
        expect(faults).toEqual([])
        expect(text.text()).toBe('both\none')
        // Those that either copy kept before it typed are there too.
        expect(text.versions().map((it) => it.text)).toEqual(['both\n\ntwo\n', 'both\n', 'both\n'])
      }
      // and types on, as itself
      await type(two, 'three')
      await meet(a, two)
      expect((await noteOf(a)).text.text()).toBe('both\none\nthree')
    }))

  it('becomes two devices of one person, and what neither had sent is kept', () =>
    withWorld(async (world) => {
      const [anna, ben] = [await world.profile('Anna'), await world.profile('Ben')]
      const a = await anna.found()
      const b = await ben.join(await a.links.make(link()))
      await meet(a, b)
      await b.edit([task('b1', 'Both')])
      await meet(a, b)
      const sent = await b.store.head(`${b.row.space}/${b.device().id}`)
      await ben.close()
      await ben.storage.close()
      const copy = await world.profile('Ben again')
      await copy.storage.close()
      await cp(ben.directory, copy.directory, { recursive: true, force: true })
      await ben.reopen()
      await copy.reopen()
      const [one, two] = [await ben.open(), await copy.open()]
      await one.edit([task('one', 'One')])
      world.clock.now += 10
      await two.edit([task('two', 'Two')])
      await meet(a, one)
      expect(sorted(a)).toEqual(['Both', 'One'])
      // The copy finds its own repo at the owner with another head.
      const former = two.device().id
      expect(await give(a, two)).toContain('spaces.cloned')
      world.clock.now += 10
      await one.edit([task('one', 'One more')])
      await meet(a, one)
      // A newer one would else take the place of what is unsent here.
      expect(await give(a, two)).toContain('spaces.cloned')
      expect(copy.ignored.map((it) => it.code)).toContain('spaces.cloned')
      expect(sorted(two)).toEqual(['Both', 'Two'])
      await two.adoptNewIdentity(sent && { rev: sent.rev, commit: sent.cid })
      expect(two.device().id).not.toBe(former)
      expect(two.row.former).toEqual([former])
      expect(sorted(two)).toContain('Two')
      await meet(a, one, two)
      const wanted = ['Both', 'One more', 'Two']
      expect([sorted(a), sorted(one), sorted(two)]).toEqual([wanted, wanted, wanted])
      expect(a.state().persons.get(former)?.devices).toEqual([former, two.device().id].sort())
      // Only what was unsent was written again.
      const repo = `${two.row.space}/${two.device().id}`
      const sealed = await a.store.page(repo, { after: null, withBytes: false, maxBytes: 1e9, maxRows: 1e9 })
      expect(sealed.records.filter(({ path }) => path.startsWith('app.cairn.sealed/'))).toHaveLength(1)
      await copy.restart()
      const again = await copy.open()
      expect(sorted(again)).toEqual(wanted)
      await again.edit([task('three', 'Three')])
      await meet(a, one, again)
      expect(sorted(a)).toEqual([...wanted, 'Three'].sort())
    }))
})

describe("an older head of one's own", () => {
  it('that was made here is no clone', () =>
    withWorld(async (world) => {
      const [anna, ben] = [await world.profile('Anna'), await world.profile('Ben')]
      const a = await anna.found()
      const b = await ben.join(await a.links.make(link()))
      await meet(a, b)
      await a.edit([task('a', 'Water')])
      expect(await give(b, a)).toEqual(['space.rollback'])
      expect(anna.ignored).toEqual([])
    }))
})

describe('another device of one person', () => {
  it('reads and writes once the first has made it theirs', () =>
    withWorld(async (world) => {
      const [anna, phone] = [await world.profile('Anna'), await world.profile('Phone')]
      const a = await anna.found()
      await a.edit([task('a', 'Water')])
      const offer = await a.deviceOffer({ expires: world.clock.now + 600_000, withAuthority: true })
      const { row, device } = await takeUpOffer(phone.host, offer)
      const { space, by, person } = offer
      const consent = await signConsent({ space, by, person, device: device.id }, device.signer)
      await a.acts.addDevice(device.id, consent)
      await a.learn({ cards: [device.card] })
      const p = await phone.open(row)
      await meet(a, p)
      expect(await p.isOwner()).toBe(true)
      expect([a.founder(), p.founder()]).toEqual([person, person])
      expect(p.row).toMatchObject({ state: 'member', title: 'Garden', person })
      expect(sorted(p)).toEqual(['Water'])
      await p.edit([task('p', 'From the phone')])
      await meet(a, p)
      expect(sorted(a)).toEqual(['From the phone', 'Water'])
      await a.acts.dropDevice(p.device().id)
      await meet(a, p)
      expect(p.role()).toBe('none')
      await a.edit([task('later', 'Later')])
      await give(a, p)
      expect(sorted(p)).toEqual(['From the phone', 'Water'])
    }))
})

describe('the authority', () => {
  it('passes to who was named', () =>
    withWorld(async (world) => {
      const [anna, ben] = [await world.profile('Anna'), await world.profile('Ben')]
      const a = await anna.found()
      const b = await ben.join(await a.links.make(link()))
      await meet(a, b)
      await expect(b.acts.succeed()).rejects.toMatchObject({ code: 'spaces.no-authority' })
      await expect(b.acts.hide('task/x', true)).rejects.toMatchObject({
        code: 'spaces.refused',
        fields: { kind: 'hide', reason: 'members.not-allowed' },
      })
      await a.acts.setSuccessor(b.row.person)
      await meet(a, b)
      await b.acts.succeed()
      await meet(a, b)
      expect(await b.isOwner()).toBe(true)
      expect(await a.isOwner()).toBe(false)
      expect(a.founder()).toBe(b.row.person)
      await b.acts.setRole(b.row.person ?? '', 'admin')
      await b.acts.setRole(a.row.person ?? '', 'writer')
      await meet(a, b)
      expect([a.role(), b.role()]).toEqual(['writer', 'admin'])
    }))

  it('can unname a successor', () =>
    withWorld(async (world) => {
      const [anna, ben] = [await world.profile('Anna'), await world.profile('Ben')]
      const a = await anna.found()
      const b = await ben.join(await a.links.make(link()))
      await meet(a, b)
      await a.acts.setSuccessor(b.row.person)
      await a.acts.setSuccessor(undefined)
      await meet(a, b)
      expect(a.state().successors).toEqual([])
      await expect(b.acts.succeed()).rejects.toMatchObject({ code: 'spaces.no-authority' })
    }))
})
