/** A row of each kind that a version 1 database may hold. */
export const VERSION_1_ROWS = {
  meta: [['schema', { device: Uint8Array.of(1, 2, 3) }]],
  repos: [['did:plc:aaaaaaaaaaaaaaaaaaaaaaaa', { head: 's1', status: { code: 'active' } }]],
  snapshots: [['did:plc:aaaaaaaaaaaaaaaaaaaaaaaa/s1', { rev: '3jzfcijpj2z2a' }]],
  identities: [['00ff', { document: { id: 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa' } }]],
  segments: [['did:plc:aaaaaaaaaaaaaaaaaaaaaaaa/g1', { length: 70_000 }]],
  imports: [['did:plc:aaaaaaaaaaaaaaaaaaaaaaaa', { bytes: 5 }]],
  blobs: [['did:plc:aaaaaaaaaaaaaaaaaaaaaaaa/bafk', { size: 3 }]],
  search: [['did:plc:aaaaaaaaaaaaaaaaaaaaaaaa/x', Uint32Array.of(7, 8)]],
  activity: [['0001', { what: 'import' }]],
  settings: [['theme', 'dark']],
} as const

/** A small byte value and a large one, as version 1 stores them. */
export const VERSION_1_BYTES = {
  small: Uint8Array.of(9, 8, 7),
  large: new Uint8Array(70_000).fill(6),
} as const

/**
 * Makes the database that version 1 made, with bare IndexedDB and by its own account of the schema, so
 * that a change of the migrations cannot change what they are tested against. Never edit it: a later
 * version gets a maker of its own.
 */
export async function makeVersion1(name: string): Promise<void> {
  const db = await new Promise<IDBDatabase>((resolve, reject) => {
    const request = indexedDB.open(name, 1)
    request.addEventListener('upgradeneeded', () => {
      for (const table of Object.keys(VERSION_1_ROWS)) request.result.createObjectStore(table)
      request.result.createObjectStore('bytes')
    })
    request.addEventListener('success', () => resolve(request.result))
    request.addEventListener('error', () => reject(request.error ?? new Error('open failed')))
  })
  await new Promise<void>((resolve, reject) => {
    const tx = db.transaction([...Object.keys(VERSION_1_ROWS), 'bytes'], 'readwrite')
    for (const [table, rows] of Object.entries(VERSION_1_ROWS)) {
      for (const [key, value] of rows) tx.objectStore(table).put(value, key)
    }
    tx.objectStore('bytes').put(VERSION_1_BYTES.small, 'small')
    tx.objectStore('bytes').put(new Blob([VERSION_1_BYTES.large]), 'large')
    tx.addEventListener('complete', () => resolve())
    tx.addEventListener('abort', () => reject(tx.error ?? new Error('aborted')))
  })
  db.close()
}
