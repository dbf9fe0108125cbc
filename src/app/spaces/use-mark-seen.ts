import { useEffect } from 'react'
import type { Entity } from '../../cairn/api.ts'
import { useEngine } from '../lib/engine-context.ts'
import { useHere } from './here.ts'
import { useUnread } from './reads.ts'

/** What is on screen has been seen, once the person looks at the page. `place` is as `unread` names it. */
export function useMarkSeen(place: string, entities: readonly Pick<Entity, 'counter'>[] | undefined): void {
  const { cairn } = useEngine()
  const { space, detail } = useHere()
  const { value: unread } = useUnread(space)
  const newest = (entities ?? []).reduce((most, { counter }) => Math.max(most, counter), 0)
  const isNew = (unread?.[place] ?? 0) > 0
  const isMember = detail.state === 'member'
  useEffect(() => {
    if (cairn === undefined || newest === 0 || !isNew || !isMember) return
    const mark = () => {
      if (document.visibilityState !== 'visible') return
      // not worth a word: the next look marks it again
      cairn.spaces.markRead(space, place, newest).catch(() => {})
    }
    mark()
    document.addEventListener('visibilitychange', mark)
    return () => document.removeEventListener('visibilitychange', mark)
  }, [cairn, space, place, newest, isNew, isMember])
}
