import type {
  Entity,
  GroupCopy,
  JoinLink,
  JoinRequest,
  Kind,
  Presence,
  RecoveryState,
  SpaceDetail,
  SpaceFileState,
} from '../../cairn/api.ts'
import type { CairnEvent } from '../../cairn/api.ts'
import { useLive, type Live } from '../lib/live.ts'

/** The reads of spaces that several screens share. */

/** Whether an event tells that something about a space changed, whatever it is. */
export const aboutSpace = (space: string) => (event: CairnEvent) =>
  event.type === 'spaces' || (event.type === 'space' && event.space === space)

/** null: there is no such space on this device. */
export function useSpace(space: string): Live<SpaceDetail | null> {
  return useLive(
    `space ${space}`,
    async (cairn) => (await cairn.spaces.get(space)) ?? null,
    aboutSpace(space),
  )
}

/** Whether an event tells that something of these kinds changed. */
export const aboutItems =
  (space: string, touches: (item: string) => boolean) =>
  (event: CairnEvent): boolean =>
    event.type === 'space-items' && event.space === space && event.items.some(touches)

/** Those of one kind, in its order. */
export function useEntities<K extends Kind>(
  space: string,
  kind: K,
  hidden = false,
): Live<readonly Entity<K>[]> {
  return useLive(
    `entities ${space} ${kind} ${hidden}`,
    async (cairn) =>
      // only those of the kind that was asked for are answered
      (await cairn.spaces.entities(space, kind, hidden ? { hidden } : {})) as readonly Entity<K>[],
    aboutItems(space, (item) => item.startsWith(`${kind}/`)),
  )
}

/** null: it is not here, or no longer. */
export function useEntity<K extends Kind>(space: string, kind: K, id: string): Live<Entity<K> | null> {
  const item = `${kind}/${id}`
  return useLive(
    `entity ${space} ${item}`,
    // of the kind that its name begins with
    async (cairn) => ((await cairn.spaces.entity(space, item)) ?? null) as Entity<K> | null,
    aboutItems(space, (each) => each === item),
  )
}

export function useLinks(space: string): Live<readonly JoinLink[]> {
  return useLive(`links ${space}`, (cairn) => cairn.spaces.links(space), aboutSpace(space))
}

export function useRequests(space: string): Live<readonly JoinRequest[]> {
  return useLive(`requests ${space}`, (cairn) => cairn.spaces.requests(space), aboutSpace(space))
}

export function usePresence(space: string): Live<readonly Presence[]> {
  return useLive(
    `presence ${space}`,
    (cairn) => cairn.spaces.presence(space),
    (event) => event.type === 'space-presence' && event.space === space,
  )
}

export function useFileStates(space: string): Live<readonly SpaceFileState[]> {
  return useLive(
    `file states ${space}`,
    (cairn) => cairn.spaces.files(space),
    (event) => event.type === 'space-file' && event.space === space,
  )
}

/** News by place: `posts`, `notes`, `tasks`, or an item that has replies. */
export function useUnread(space: string): Live<Readonly<Record<string, number>>> {
  return useLive(
    `unread ${space}`,
    (cairn) => cairn.spaces.unread(space),
    (event) => (event.type === 'space' || event.type === 'space-items') && event.space === space,
  )
}

export function useGroupCopies(space: string): Live<readonly GroupCopy[]> {
  return useLive(
    `group copies ${space}`,
    (cairn) => cairn.spaces.copies(space),
    (event) => aboutSpace(space)(event) || event.type === 'copies',
  )
}

export function useRecovery(): Live<RecoveryState> {
  return useLive(
    'recovery',
    (cairn) => cairn.spaces.recovery(),
    (event) => event.type === 'spaces',
  )
}
