import { newEntityId } from '../../spaces/content/ids.ts'

const random = (length: number) => crypto.getRandomValues(new Uint8Array(length))

/** An id that nothing else has. `person` is one's own `did:key`: a post says whose it is. */
export function newId(kind: 'post' | 'note' | 'task', person: string): string {
  return newEntityId(kind, person, random)
}
