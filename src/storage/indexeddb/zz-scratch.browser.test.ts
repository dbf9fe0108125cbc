import { it } from 'vitest'
import { openIndexedDb } from './open.ts'
import { openDB } from 'idb'
import { pattern } from '../compliance/subject.ts'
const ms = async (f: () => Promise<unknown>) => { const t = performance.now(); await f(); return (performance.now() - t).toFixed(0) }
it('bench', async () => {
  const parts = Array.from({ length: 36 }, (_, at) => pattern(1024 * 1024, at))
  const rows: Record<string, string[]> = {}
  const add = (k: string, v: string) => (rows[k] ??= []).push(v)
  for (let round = 0; round < 3; round++) {
    const storage = await openIndexedDb({ name: 'bench' + round })
    add('36x1MB strict 4 in flight', await ms(async () => {
      let next = 0
      await Promise.all(Array.from({ length: 4 }, async () => { for (let at = next++; at < 36; at = next++) await storage.write([{ type: 'put-bytes', key: `k${at}`, parts: [parts[at]!] }]) }))
    }))
    // rival: Uint8Array values
    const raw = await openDB('benchraw' + round, 1, { upgrade: (d) => void d.createObjectStore('b') })
    add('  floor: raw Uint8Array strict 4 in flight', await ms(async () => {
      let next = 0
      await Promise.all(Array.from({ length: 4 }, async () => { for (let at = next++; at < 36; at = next++) { const tx = raw.transaction('b', 'readwrite', { durability: 'strict' }); void tx.store.put(parts[at]!, `k${at}`); await tx.done } }))
    }))
    const rnd = Array.from({ length: 100 }, (_, i) => ({ key: `k${(i * 7919) % 36}`, from: (i * 104729) % 1_000_000 })).map((r) => ({ ...r, to: r.from + 300 }))
    add('100 readBytes one after another', await ms(async () => { for (const r of rnd) await storage.readBytes(r.key, r.from, r.to) }))
    add('100 readBytes at once', await ms(() => Promise.all(rnd.map((r) => storage.readBytes(r.key, r.from, r.to)))))
    add('100 readRanges in one call', await ms(() => storage.readRanges(rnd)))
    const near = Array.from({ length: 100 }, (_, i) => ({ key: `k3`, from: i * 357, to: i * 357 + 300 }))
    add('100 near ranges in one call', await ms(() => storage.readRanges(near)))
    add('  one range over them', await ms(() => storage.readBytes('k3', 0, 35700)))
    const blobs = new Map<string, Blob>()
    for (let at = 0; at < 36; at++) blobs.set(`k${at}`, await storage.readBlob(`k${at}`))
    add('  cached handles: 100 slices one after another', await ms(async () => { for (const r of rnd) await blobs.get(r.key)!.slice(r.from, r.to).arrayBuffer() }))
    add('  gets only, 100', await ms(async () => { for (const r of rnd) await storage.readBlob(r.key) }))
    add('  small row gets, 100', await ms(async () => { for (const r of rnd) await storage.get('meta', r.key) }))
    add('20 x 1 small row strict', await ms(async () => { for (let i = 0; i < 20; i++) await storage.write([{ type: 'put', table: 'meta', key: 'x', value: { i } }]) }))
    add('20 x 1 small row relaxed', await ms(async () => { for (let i = 0; i < 20; i++) await storage.write([{ type: 'put', table: 'meta', key: 'x', value: { i } }], { durability: 'relaxed' }) }))
    add('1 small guarded row + 60KB value strict x20', await ms(async () => { for (let i = 0; i < 20; i++) await storage.write([{ type: 'put', table: 'meta', key: 'x', value: { i } }, { type: 'put-bytes', key: 'y', parts: [parts[0]!.subarray(0, 60000)] }], { guards: [{ table: 'meta', key: 'x', holds: () => true }] }) }))
    raw.close()
    await storage.destroy()
  }
  console.log(Object.entries(rows).map(([k, v]) => k.padEnd(50) + v.join(' ') + ' ms').join('\n'))
})
