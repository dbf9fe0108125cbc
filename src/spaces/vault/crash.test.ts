import { describe, expect, it } from 'vitest'
import type { Storage } from '../../storage/port.ts'
import { createFaulty, type FaultyStorage } from '../../storage/testing/faulty.ts'
import { createVaultRows } from './rows.ts'
import { codeOf, give, link, meet, names, type Profile, sorted, task, withWorld } from './testing/kit.ts'

/** A storage that can be told to fail from its n-th write on, `before` or `after` that is done. */
function mortal() {
  let faulty: FaultyStorage | undefined
  let plan: { at: number; when: 'before' | 'after' } | undefined
  return {
    wrap(storage: Storage): Storage {
      faulty = createFaulty(storage, plan?.at ?? Infinity, plan?.when ?? 'before')
      return faulty
    },
    writes: () => faulty?.writes ?? 0,
    plan: (next: typeof plan) => {
      plan = next
    },
  }
}

/** Runs `act` on a fresh profile for each of its writes, which is the last one; then the disk is opened again. */
async function atEachWrite(
  act: (profile: Profile) => Promise<unknown>,
  check: (profile: Profile, failed: boolean) => Promise<void>,
  stride = 1,
): Promise<void> {
  for (let at = 1; ; at += stride) {
    const done = await withWorld(async (world) => {
      const death = mortal()
      const when = at % 2 === 0 ? 'after' : 'before'
      death.plan({ at, when })
      const profile = await world.profile('Anna', death.wrap)
      const code = await codeOf(act(profile))
      death.plan(undefined)
      await profile.restart()
      await check(profile, code !== 'none')
      return code === 'none'
    })
    if (done) return
    if (at > 200) throw new Error('it never ends')
  }
}

describe('a device that dies', () => {
  it('while a space is founded keeps all of it or nothing', () =>
    atEachWrite(
      (profile) => profile.found(),
      async (profile, failed) => {
        const rows = await createVaultRows(profile.storage).list()
        if (rows.length === 0) expect(failed).toBe(true)
        for (const row of rows) {
          const vault = await profile.open(row)
          expect(names(vault)).toEqual(['Anna'])
          expect(vault.row.title).toBe('Garden')
          await vault.edit([task('a', 'Water')])
          expect(sorted(vault)).toEqual(['Water'])
        }
      },
    ))

  it('while it writes, removes and lets in goes on from what was durable', () =>
    atEachWrite(
      async (profile) => {
        const vault = await profile.found()
        await vault.edit([task('a', 'Water')])
        const made = await vault.links.make(link())
        await vault.edit([task('b', 'Dig')])
        await vault.links.close(made.link)
        await vault.edit([task('c', 'Rake')])
      },
      async (profile) => {
        if ((await createVaultRows(profile.storage).list()).length === 0) return
        const vault = await profile.open()
        const found = sorted(vault)
        // Each edit follows those before it.
        expect(['Water', 'Dig', 'Rake'].slice(0, found.length).sort()).toEqual(found)
        await vault.edit([task('d', 'Last')])
        expect(sorted(vault)).toEqual([...found, 'Last'].sort())
        const head = await vault.store.recheck(`${vault.row.space}/${vault.device().id}`)
        expect(head?.records).toBeGreaterThan(0)
      },
    ))

  it('while it joins comes in when it is opened again', () =>
    withWorld(async (world) => {
      const anna = await world.profile('Anna')
      const a = await anna.found()
      await a.edit([task('a', 'Water')])
      for (let at = 1, done = false; !done; at++) {
        const invited = await a.links.make(link())
        const death = mortal()
        death.plan({ at, when: at % 2 === 0 ? 'after' : 'before' })
        const ben = await world.profile(`Ben ${at}`, death.wrap)
        const code = await codeOf(ben.join(invited).then((b) => give(a, b)))
        death.plan(undefined)
        await ben.restart()
        done = code === 'none' && death.writes() === 0
        const rows = await createVaultRows(ben.storage).list()
        const b = rows.length === 0 ? await ben.join(invited) : await ben.open()
        await meet(a, b)
        expect(b.row.state).toBe('member')
        expect(sorted(b)).toEqual(['Water'])
        expect(names(a)).toContain(`Ben ${at}`)
        await ben.close()
        if (at >= 14) done = true
      }
    }))
})
