import type { Cairn } from './api.ts'

/**
 * All that is to be done while no page is open: what is kept is brought up to date, and what is unsent is sent, once.
 * What a server refuses, and what takes the person, stays for the page to show.
 *
 * @throws what stood in the way, when trying again later may help
 */
export async function catchUp({ network, writing }: Pick<Cairn, 'network' | 'writing'>): Promise<void> {
  if (!(await network.settings()).enabled) return
  const ended = await Promise.allSettled([network.catchUp(), sendUnsent(writing)])
  for (const end of ended) if (end.status === 'rejected') throw end.reason
}

async function sendUnsent(writing: Cairn['writing']): Promise<void> {
  const unsent = await writing.counts()
  await Promise.all(
    unsent.map(async ({ did }) => {
      try {
        await writing.send(did)
      } catch (error) {
        if ((await writing.queue(did)).nextTryAt !== undefined) throw error
      }
    }),
  )
}
