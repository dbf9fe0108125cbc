import { createCairn } from '../cairn/create.ts'
import { deferCairn } from '../cairn/deferred.ts'
import type { StartNode } from '../cairn/network/page-node.ts'
import { serveCairn } from '../cairn/remote.ts'
import { browserHost, timers } from './host.ts'

/** The page gives the port to its thread right after this worker was started. */
const pagePort = new Promise<MessagePort>((resolve) => {
  self.addEventListener('message', function hear({ data, ports: [port] }: MessageEvent) {
    if ((data as { type?: unknown } | null)?.type !== 'page-node' || port === undefined) return
    self.removeEventListener('message', hear)
    resolve(port)
  })
})

/** Connections between browsers exist in pages only, so the node runs there, and is fetched when it is wanted. */
const startNode: StartNode = async (config) => {
  const { connectPageNode } = await import('../cairn/network/page-node.ts')
  start ??= connectPageNode(await pagePort, timers)
  return start(config)
}
let start: StartNode | undefined

const startDigest = (): Worker =>
  new Worker(new URL('digest-thread.ts', import.meta.url), { type: 'module', name: 'digest' })

// The engine of one tab: everything that is not drawing runs here. Serving begins at once: a message that came
// while the database opens would otherwise be lost.
serveCairn(deferCairn(browserHost('page', startNode, startDigest).then(createCairn)), self)
