import type { Writing } from '../writing-model.ts'
import { methodsOf } from '../remote-methods.ts'
import type { WritingRoom, WritingRoomParts } from './create.ts'

/** The room for writing, loaded when it is first asked or when something is unsent: most repos are only read. */
export function askedWriting(parts: WritingRoomParts): WritingRoom {
  const { storage } = parts.host
  let opened: Promise<WritingRoom> | undefined
  let closed = false
  const open = (): Promise<WritingRoom> => {
    opened ??= load(parts)
    // a failure to load is not kept
    opened.catch(() => (opened = undefined))
    return opened
  }
  /** Runs it with the room when there is anything for it to do. */
  const ifUnsent = async (use: (room: WritingRoom) => void): Promise<void> => {
    if (opened === undefined && (await storage.keys('drafts', { limit: 1 })).length === 0) return
    const room = await open()
    if (closed) room.close()
    else use(room)
  }
  const methods = methodsOf('writing').map((method) => [
    method,
    async (...args: unknown[]) => {
      // `methodsOf` lists exactly the methods of the room, checked by the compiler where it is written
      const api = (await open()).api as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>
      return api[method]?.(...args)
    },
  ])
  return {
    api: Object.fromEntries(methods) as Writing,
    heard(event) {
      if (event.type !== 'repo' && event.type !== 'accounts') return
      // a lost storage, or a script that cannot be fetched now, shows wherever it is used next
      ifUnsent((room) => room.heard(event)).catch(() => {})
    },
    start() {
      ifUnsent((room) => room.start()).catch(() => {})
    },
    close() {
      closed = true
      void opened?.then(
        (room) => room.close(),
        () => {},
      )
    },
  }
}

async function load(parts: WritingRoomParts): Promise<WritingRoom> {
  const { createWritingRoom } = await import('./create.ts')
  return createWritingRoom(parts)
}
