import { CairnError, hasCode } from '../../core/errors.ts'
import { fromHex } from '../../core/bytes.ts'
import { writeRecoveryFile } from '../../spaces/keys/file.ts'
import { type RecoveryFinder, recoveryFinder, sealForRecovery } from '../../spaces/keys/finder.ts'
import {
  mergeRecoveryLists,
  type RecoveryEntry,
  type RecoveryList,
  sealRecoveryList,
} from '../../spaces/keys/list.ts'
import type { Recovery, SpaceDevice } from '../../spaces/keys/model.ts'
import { newRecoveryDevice, recoveryDevice } from '../../spaces/keys/recovery-device.ts'
import { makeRecovery, recoveryOfWords, recoveryWords } from '../../spaces/keys/words.ts'
import { signConsent } from '../../spaces/members/consent.ts'
import { AUTHORITY } from '../../spaces/vault/sign-act.ts'
import { createTurns } from '../../spaces/vault/turns.ts'
import type { RecoveryState } from '../space-model.ts'
import type { Spaces } from '../spaces-api.ts'
import type { OpenSpace } from './open-space.ts'
import { quietly } from './parts.ts'
import { type Recovered, recoverSpaces } from './recover.ts'
import { holdsAll, listAt, mailboxAt, mergeLists } from './recovery-lists.ts'
import { type GoneList, goneWith, type RecoveryRow, retiredBy } from './recovery-row.ts'
import { hearOfRecovery, isAboutRecovery, tellOfRecovery } from './recovery-sharing.ts'
import type { OpenSpaces } from './service.ts'
import { selfOf } from './summary.ts'

/** What an entry of a list has room for: relays, and characters of a title. */
const [MAX_RELAYS, MAX_TITLE] = [8, 200]

type RecoveryApi = Pick<Spaces, 'recovery' | 'makeRecovery' | 'confirmRecovery' | 'recoveryFile' | 'recover'>

/** What opens a person's spaces again on a bare device, and how it is kept up to date. */
export function recoveryActions(spaces: OpenSpaces): {
  readonly api: RecoveryApi
  /** A space is new here: the recovery is to open it too. */
  enrol(it: OpenSpace): Promise<void>
  /** Brings the list that relays keep up to date. */
  settle(): Promise<void>
  /** From now on this space is opened by the recovery, and the person's devices in it know of that. */
  watch(it: OpenSpace): void
} {
  const { context, rows, use, each } = spaces
  const { host, random, app, net } = context
  const { clock } = host
  const { read, write } = context.recovery
  /** made in this session, and shown to the person */
  let fresh: Recovery | undefined
  /** One change at a time: each is of what the one before left. */
  const alone = createTurns()

  /** The recovery's device becomes one of this person's, and the list tells how to be it. */
  const enrolDevice = async (
    it: OpenSpace,
    finder: RecoveryFinder,
    device: SpaceDevice,
    seed: Uint8Array | null,
  ): Promise<RecoveryEntry> => {
    const { space, vault } = it
    const { root, relays, title } = vault.row
    if (!vault.state().devices.has(device.id)) {
      const by = vault.device().id
      const consent = await signConsent(
        { space, by, person: selfOf(vault), device: device.id },
        device.signer,
      )
      await vault.acts.addDevice(device.id, consent)
    }
    await vault.learn({ cards: [device.card] })
    const authority = await context.vaults.keys.secret(space, AUTHORITY)
    return {
      ...{ space, root, seed },
      relays: relays.slice(0, MAX_RELAYS),
      title: title.slice(0, MAX_TITLE),
      authority:
        authority === undefined ? null : await sealForRecovery(finder, 'authority', space, authority),
    }
  }
  const withEntry = (row: RecoveryRow, entry: RecoveryEntry, device: string): RecoveryRow => {
    const others = row.list.spaces.filter((it) => it.space !== entry.space)
    return {
      ...row,
      devices: [...row.devices, device],
      list: {
        counter: row.list.counter + 1,
        at: clock.now(),
        spaces: [...others, entry].sort((a, b) => (a.space < b.space ? -1 : 1)),
      },
    }
  }

  /**
   * Words that were made before open nothing any more: they may have been lost with a device, or found. What another
   * device says of its words takes nothing from those of this one.
   */
  const retire = async ({ vault }: OpenSpace): Promise<void> => {
    const row = await read()
    if (row === undefined || row.byOther === true || vault.row.state !== 'member') return
    for (const device of row.retired ?? [])
      if (
        !row.devices.includes(device) &&
        vault.state().devices.has(device) &&
        vault.persons.personOf(device) === selfOf(vault)
      )
        await vault.acts.dropDevice(device)
  }
  const retireAll = async (): Promise<void> => {
    // One that cannot be written to now is seen to when it changes, or is opened.
    for await (const it of each()) await retire(it).catch(() => {})
  }

  /** Has relays take away the lists of words before these: the authority's keys are in them. Until it is done. */
  const takeAway = async (row: RecoveryRow): Promise<RecoveryRow> => {
    const left: GoneList[] = []
    for (const list of row.gone ?? []) {
      try {
        await mailboxAt(context, list.relay)?.revoke(...placeOf(list))
      } catch (error) {
        if (!hasCode(error, 'space-sync.mailbox')) throw error
        // One that answers has it no more, or never took it from us.
        const { status } = error.fields
        if (typeof status !== 'number' || status < 400 || status >= 500) left.push(list)
      }
    }
    if (left.length === (row.gone ?? []).length) return row
    const next = { ...row, gone: left }
    await write(next)
    return next
  }

  const settle = async (): Promise<void> => {
    let row = await read()
    if (row === undefined) return
    row = await takeAway(row)
    const { finder } = row
    const [place, owner] = placeOf(finder)
    for (const relay of new Set([app, ...(net()?.relays() ?? [])])) {
      if (row.at.some((it) => it.relay === relay && it.counter === row?.list.counter)) continue
      try {
        // Another device of this person may have put what is not known here.
        const there = await listAt(context, relay, finder).catch(unlessBroken)
        if (there !== undefined && !holdsAll(row.list, there))
          row = { ...row, list: mergeRecoveryLists(row.list, there) }
        else if (there !== undefined && there.counter > row.list.counter)
          row = { ...row, list: { ...row.list, counter: there.counter + 1 } }
        const body = await sealRecoveryList(finder, row.list, random)
        await mailboxAt(context, relay)?.put(place, { body, owner, kind: 'recovery' })
        const counter: number = row.list.counter
        row = { ...row, at: [...row.at.filter((it) => it.relay !== relay), { relay, counter }] }
        await write(row)
      } catch (error) {
        if (!hasCode(error, 'space-sync.mailbox')) throw error
      }
    }
  }

  /** What this device keeps of a recovery that opened spaces here, so that new spaces are opened by it too. */
  const remember = async ({ finder, list, devices }: Recovered): Promise<void> => {
    const before = await read()
    const isOurs = before?.finder.place === finder.place
    // One that was made here goes on: what came by the other is enrolled in it.
    if (before !== undefined && !isOurs) return
    const lists = [list, ...(before === undefined ? [] : [before.list])]
    await write({
      finder,
      confirmedAt: before?.confirmedAt ?? clock.now(),
      list: mergeLists(lists) ?? list,
      devices: [...new Set([...(before?.devices ?? []), ...devices])],
      ...{ retired: before?.retired ?? [], gone: before?.gone ?? [], at: [] },
    })
    quietly(alone(settle))
  }

  const enrol = async (it: OpenSpace): Promise<void> => {
    const row = await read()
    if (row === undefined || isOpenedBy(row, it)) return
    const { device, seed } = await newRecoveryDevice(row.finder, it.space, random)
    await write(withEntry(row, await enrolDevice(it, row.finder, device, seed), device.id))
    await settle()
  }

  const keepUp = async (it: OpenSpace): Promise<void> => {
    const { vault } = it
    if (vault.row.state !== 'member') return
    if (await hearOfRecovery(context, it)) await settle()
    // The device by which the person came here sees to it: two would enrol it twice.
    if (selfOf(vault) === vault.device().id) await enrol(it)
    await tellOfRecovery(context, it)
    await retire(it)
  }

  return {
    api: {
      async recovery(): Promise<RecoveryState> {
        const row = await read()
        const kept = await rows()
        return {
          confirmedAt: row?.confirmedAt,
          spaces: row?.list.spaces.length ?? 0,
          byOther: row?.byOther === true,
          isDue: row === undefined && kept.some(({ state }) => state === 'member'),
          isListed: row?.at.some(({ counter }) => counter === row.list.counter) === true,
        }
      },
      async makeRecovery() {
        fresh = makeRecovery(random)
        return { words: await recoveryWords(fresh) }
      },
      confirmRecovery: (words) =>
        alone(async () => {
          const said = await recoveryOfWords(words)
          if (fresh === undefined || (await recoveryWords(said)) !== (await recoveryWords(fresh)))
            throw new CairnError('spaces.recovery-words')
          const finder = await recoveryFinder(said)
          const before = await read()
          // Confirmed again: nothing is new.
          if (before?.finder.place === finder.place) return
          let row: RecoveryRow = {
            finder,
            confirmedAt: clock.now(),
            list: { counter: (before?.list.counter ?? 0) + 1, at: clock.now(), spaces: [] },
            devices: [],
            retired: retiredBy(before),
            gone: goneWith(before),
            at: [],
          }
          for await (const it of each()) {
            if (it.vault.row.state !== 'member') continue
            const device = await recoveryDevice(said, it.space)
            row = withEntry(row, await enrolDevice(it, finder, device, null), device.id)
          }
          await write(row)
          quietly(alone(settle))
          if (before !== undefined) quietly(alone(retireAll))
        }),
      async recoveryFile(passphrase) {
        const row = await read()
        // Once this session ends nobody has the secret but the person.
        const isOurs = fresh !== undefined && row?.finder.place === (await recoveryFinder(fresh)).place
        if (fresh === undefined || row === undefined || !isOurs) throw new CairnError('spaces.recovery-gone')
        const text = await writeRecoveryFile({ recovery: fresh, list: row.list }, passphrase, random)
        return new Blob([text], { type: 'application/json' })
      },
      recover: (from, name) =>
        alone(async () => {
          const known = async ({ place }: RecoveryFinder): Promise<RecoveryList | undefined> => {
            const row = await read()
            return row?.finder.place === place ? row.list : undefined
          }
          const recovered = await recoverSpaces(spaces, from, name, known)
          await remember(recovered)
          for (const { summary } of recovered.spaces)
            if (summary?.state === 'member') await enrol(await use(summary.space))
          return recovered.spaces
        }),
    },
    enrol: (it) => alone(() => enrol(it)),
    settle: () => alone(settle),
    watch(it) {
      const look = (): void => quietly(alone(() => keepUp(it)))
      it.vault.onChange((change) => {
        if (isAboutRecovery(change)) look()
      })
      look()
    },
  }
}

/** Whether a recovery opens a space for the person who is here. Who left, and came back by a link, is another one there. */
function isOpenedBy({ list, devices }: RecoveryRow, { space, vault }: OpenSpace): boolean {
  if (!list.spaces.some((it) => it.space === space)) return false
  const persons = devices.flatMap((device) => vault.persons.personOf(device) ?? [])
  return persons.length === 0 || persons.includes(selfOf(vault))
}

function placeOf({
  place,
  owner,
}: Pick<RecoveryFinder, 'place' | 'owner'>): readonly [Uint8Array, Uint8Array] {
  // `recoveryFinder` made them
  return [fromHex(place) ?? new Uint8Array(32), fromHex(owner) ?? new Uint8Array(32)]
}

/** A list that is spoilt is replaced; a relay that cannot be reached is not. */
function unlessBroken(error: unknown): undefined {
  if (hasCode(error, 'keys.list-broken') || hasCode(error, 'keys.list-malformed')) return undefined
  throw error
}
