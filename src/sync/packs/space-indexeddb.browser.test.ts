import { deleteDB } from 'idb'
import { openIndexedDb } from '../../storage/indexeddb/open.ts'
import { spaceSuite } from './testing/space-suite.ts'

let made = 0

spaceSuite('IndexedDB', async (use) => {
  const name = `spaces-${performance.timeOrigin}-${made++}`
  const storage = await openIndexedDb({ name })
  try {
    return await use(storage)
  } finally {
    await storage.close()
    await deleteDB(name)
  }
})
