import { expect, it } from 'vitest'
import { createSha256 } from '../../core/hash.ts'
import { createBlake3Xof } from '../../repo/space/blake3.ts'
import { createLtHash } from '../../repo/space/lthash.ts'
import { openIndexedDb } from '../../storage/indexeddb/open.ts'
import { createSpaceKeys } from '../keys/space-keys.ts'
import { foundSpace } from './found.ts'
import type { VaultHost } from './host.ts'
import { createVaultRows } from './rows.ts'
import { openVault } from './vault.ts'

it('in a browser a space is founded, written to and opened again', async () => {
  const name = `vault-${performance.timeOrigin}`
  const [sha256, ltHash] = [await createSha256(), createLtHash(await createBlake3Xof())]
  const hostOf = (storage: VaultHost['storage']): VaultHost => ({
    ...{ storage, sha256, ltHash, keys: createSpaceKeys({ storage }), now: Date.now },
    random: (length) => crypto.getRandomValues(new Uint8Array(length)),
  })
  const first = await openIndexedDb({ name })
  const row = await foundSpace(hostOf(first), { title: 'Garden', name: 'Anna', hidePast: false, relays: [] })
  const vault = await openVault(hostOf(first), row)
  const edits = Array.from({ length: 300 }, (_, n) =>
    vault.edit([{ kind: 'task', id: `t${n}`, set: { title: `${n}` } }]),
  )
  await Promise.all(edits)
  await vault.write([{ collection: 'app.cairn.space.text', rkey: 'n', value: new Uint8Array([0xa0]) }])
  await vault.close()
  await first.close()
  const again = await openIndexedDb({ name })
  const [kept] = await createVaultRows(again).list()
  const opened = await openVault(hostOf(again), kept ?? expect.fail())
  expect(opened.content.list('task')).toHaveLength(300)
  expect(opened.content.list('profile').map((it) => it.fields.name)).toEqual(['Anna'])
  const place = { device: opened.device().id, collection: 'app.cairn.space.text', rkey: 'n' }
  expect((await opened.read([place])).get(place)).toEqual(new Uint8Array([0xa0]))
  expect(opened.device().id).toBe(row.device)
  await opened.close()
  await again.destroy()
})
