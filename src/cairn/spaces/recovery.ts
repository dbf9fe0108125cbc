import { CairnError, hasCode } from '../../core/errors.ts'
import { fromHex } from '../../core/bytes.ts'
import { writeRecoveryFile } from '../../spaces/keys/file.ts'
import { type RecoveryFinder, recoveryFinder, sealForRecovery } from '../../spaces/keys/finder.ts'
import { type RecoveryEntry, type RecoveryList, sealRecoveryList } from '../../spaces/keys/list.ts'
import type { Recovery, SpaceDevice } from '../../spaces/keys/model.ts'
import { newRecoveryDevice, recoveryDevice } from '../../spaces/keys/recovery-device.ts'
import { makeRecovery, recoveryOfWords, recoveryWords } from '../../spaces/keys/words.ts'
import { signConsent } from '../../spaces/members/consent.ts'
import { AUTHORITY } from '../../spaces/vault/sign-act.ts'
import { createMailbox } from '../../sync/spaces/mailbox.ts'
import type { RecoveryState, Spaces } from '../space-model.ts'
import type { OpenSpace } from './open-space.ts'
import { quietly } from './parts.ts'
import { recoverSpaces } from './recover.ts'
import type { OpenSpaces } from './service.ts'
import { selfOf } from './summary.ts'

/** Table `network`: what is left of a recovery once the person has its words. The secret itself is nowhere here. */
const KEY = 'recovery'

export interface RecoveryRow {
  readonly finder: RecoveryFinder
  readonly confirmedAt: number
  readonly list: RecoveryList
  /** devices by which it opens spaces */
  readonly devices: readonly string[]
  /** relays that keep the list with this counter */
  readonly at: readonly { readonly relay: string; readonly counter: number }[]
}

type RecoveryApi = Pick<Spaces, 'recovery' | 'makeRecovery' | 'confirmRecovery' | 'recoveryFile' | 'recover'>

/** What opens a person's spaces again on a bare device, and how it is kept up to date. */
export function recoveryActions(spaces: OpenSpaces): {
  readonly api: RecoveryApi
  /** A space is new here: the recovery is to open it too. */
  enrol(it: OpenSpace): Promise<void>
  /** Brings the list that relays keep up to date. */
  settle(): Promise<void>
} {
  const { context, rows, use } = spaces
  const { host, random, app, net, emit } = context
  const { storage, clock } = host
  /** made in this session, and shown to the person */
  let fresh: Recovery | undefined

  // only this file writes it
  const read = async (): Promise<RecoveryRow | undefined> =>
    (await storage.get('network', KEY)) as RecoveryRow | undefined
  const write = async (row: RecoveryRow): Promise<void> => {
    await storage.write([{ type: 'put', table: 'network', key: KEY, value: row }])
    emit({ type: 'spaces' })
  }
  /** One change at a time: each is of what the one before left. */
  let turn: Promise<unknown> = Promise.resolve()
  const alone = <T>(work: () => Promise<T>): Promise<T> => {
    const mine = turn.then(work)
    turn = mine.catch(() => {})
    return mine
  }

  /** The recovery's device becomes one of this person's, and the list tells how to be it. */
  const enrolDevice = async (
    it: OpenSpace,
    finder: RecoveryFinder,
    device: SpaceDevice,
    seed: Uint8Array | null,
  ): Promise<RecoveryEntry> => {
    const { space, vault } = it
    const { root, relays } = vault.row
    const by = vault.device().id
    const consent = await signConsent({ space, by, person: selfOf(vault), device: device.id }, device.signer)
    await vault.acts.addDevice(device.id, consent)
    await vault.learn({ cards: [device.card] })
    const authority = await context.vaults.keys.secret(space, AUTHORITY)
    return {
      ...{ space, root, relays, seed },
      title: vault.row.title,
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

  const settle = async (): Promise<void> => {
    const row = await read()
    if (row === undefined) return
    const { finder, list } = row
    const at = row.at.filter(({ counter }) => counter === list.counter)
    const [place, owner] = [fromHex(finder.place), fromHex(finder.owner)]
    if (place === undefined || owner === undefined) return
    for (const relay of new Set([app, ...(net()?.relays() ?? [])])) {
      if (at.some((it) => it.relay === relay)) continue
      const mailbox = createMailbox({ relay, fetch: host.fetch, timers: host.timers })
      const body = await sealRecoveryList(finder, list, random)
      try {
        await mailbox.put(place, { body, owner, kind: 'recovery' })
        at.push({ relay, counter: list.counter })
      } catch (error) {
        if (!hasCode(error, 'space-sync.mailbox')) throw error
      }
    }
    if (at.length !== row.at.length || at.some((it, i) => it !== row.at[i])) await write({ ...row, at })
  }

  return {
    api: {
      async recovery(): Promise<RecoveryState> {
        const row = await read()
        const kept = await rows()
        return {
          confirmedAt: row?.confirmedAt,
          spaces: row?.list.spaces.length ?? 0,
          isDue: row === undefined && kept.some(({ state }) => state === 'member'),
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
          let row: RecoveryRow = {
            finder,
            confirmedAt: clock.now(),
            list: { counter: before?.list.counter ?? 0, at: clock.now(), spaces: [] },
            devices: before?.devices ?? [],
            at: [],
          }
          for (const { space, state } of await rows()) {
            if (state !== 'member') continue
            const device = await recoveryDevice(said, space)
            row = withEntry(row, await enrolDevice(await use(space), finder, device, null), device.id)
          }
          await write(row)
          quietly(settle())
        }),
      async recoveryFile(passphrase) {
        const row = await read()
        // Once this session ends nobody has the secret but the person.
        if (fresh === undefined || row === undefined) throw new CairnError('spaces.recovery-gone')
        const text = await writeRecoveryFile({ recovery: fresh, list: row.list }, passphrase, random)
        return new Blob([text], { type: 'application/json' })
      },
      recover: (from, name) => recoverSpaces(spaces, from, name),
    },
    enrol: (it) =>
      alone(async () => {
        const row = await read()
        if (row === undefined || row.list.spaces.some(({ space }) => space === it.space)) return
        const { device, seed } = await newRecoveryDevice(row.finder, it.space, random)
        await write(withEntry(row, await enrolDevice(it, row.finder, device, seed), device.id))
        await settle()
      }),
    settle: () => alone(settle),
  }
}
