import type { CairnEvent, Move, Standing } from '../../cairn/api.ts'
import { useLive, type Live } from './live.ts'

const aboutMove = (did: string) => (event: CairnEvent) => event.type === 'moving' && event.did === did

/** null: no move of this account has begun on this device. */
export function useMove(did: string): Live<Move | null> {
  return useLive(`move ${did}`, async (cairn) => (await cairn.moving.get(did)) ?? null, aboutMove(did))
}

/** Asks the directory, or the account's own host; again when a key was made or added, or a move got on. */
export function useStanding(did: string): Live<Standing> {
  return useLive(`standing ${did}`, (cairn) => cairn.moving.standing(did), aboutMove(did))
}
