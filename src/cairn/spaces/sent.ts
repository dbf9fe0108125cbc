import { formatSpaceRepo } from '../../repo/space/uri.ts'
import type { Vault } from '../../spaces/vault/model.ts'
import type { SentHead } from '../../spaces/vault/identity.ts'
import { isHere } from './link-mail.ts'
import type { SpacesContext } from './parts.ts'

/** Which of this device's work another has; known over restarts. */
export interface SentMark {
  look(): Promise<void>
  /** the newest head of this device that another is known to have */
  head(): Promise<SentHead | undefined>
  count(): number
}

export function createSentMark(
  { host, net, emit }: Pick<SpacesContext, 'host' | 'net' | 'emit'>,
  vault: Vault,
): SentMark {
  const { storage } = host
  const { space } = vault.row
  const key = (): string => `space-sent/${vault.device().id}`
  let looking: Promise<void> | undefined
  let again = false
  let waiting: ReadonlySet<string> = new Set()

  /** The newest head that another is known to have: said now, or before. */
  const sentHead = async (): Promise<SentHead | undefined> => {
    // only this file writes it
    const before = (await storage.get('network', key())) as SentHead | undefined
    const rev = net()?.sync.sentRev(space)
    const head = await vault.store.head(formatSpaceRepo({ space, author: vault.device().id }))
    if (rev === undefined || head === undefined || head.rev !== rev || before?.rev === rev) return before
    const now: SentHead = { rev, commit: head.cid }
    await storage.write([{ type: 'put', table: 'network', key: key(), value: now }], isHere(space))
    return now
  }
  const lookOnce = async (): Promise<void> => {
    const items = await vault.unsentItems(await sentHead())
    vault.content.setUnsent(items)
    const now = new Set(items)
    const moved = [...new Set([...now, ...waiting])].filter((item) => now.has(item) !== waiting.has(item))
    if (moved.length === 0) return
    waiting = now
    // Each shows whether it waits, and the space how many do.
    emit({ type: 'space-items', space, items: moved })
    emit({ type: 'space', space })
  }

  return {
    async look() {
      again = true
      looking ??= (async () => {
        while (again) {
          again = false
          await lookOnce()
        }
      })().finally(() => (looking = undefined))
      return looking
    },
    head: sentHead,
    count: () => waiting.size,
  }
}
