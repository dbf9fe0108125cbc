import { openIndexedDb } from '../open.ts'

/** Where this worker finds its work: the name of the database, from the page that started it. */
self.addEventListener('message', (event: MessageEvent<string>) => {
  void visit(event.data).then(
    (answer) => self.postMessage(answer),
    (error: unknown) => self.postMessage({ error: String(error) }),
  )
})

/** Writes and reads as a page would, and tries for a lock that the page holds. */
async function visit(name: string): Promise<unknown> {
  const storage = await openIndexedDb({ name })
  await storage.write([
    { type: 'put', table: 'repos', key: 'from-worker', value: { window: typeof window } },
    { type: 'put-bytes', key: 'from-worker', parts: [new Uint8Array(100_000).fill(7)] },
  ])
  const isFree = await storage.lock('page', { mode: 'exclusive', ifAvailable: true }, async (held) => held)
  const fromPage = await storage.get('repos', 'from-page')
  const { usage } = await storage.estimate()
  await storage.close()
  return { isFree, fromPage, hasUsage: usage > 0 }
}
