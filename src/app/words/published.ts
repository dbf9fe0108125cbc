import type { PublishedAccount, PublishedAgreement, PublishedState } from '../../cairn/api.ts'
import { plural } from '../lib/format.ts'

export const WRITTEN_LATER = 'It is written to your repository as soon as its server answers.'

type Trouble = PublishedAgreement['error']

/** Waiting alone does not help. */
const isForPerson = (error: Trouble): boolean => error?.code.startsWith('account.') === true

/** What is to be told of why something waits, beside that it does: nothing, when no server could be reached. */
export const toldTrouble = (error: Trouble): Trouble =>
  error?.code === 'agreement.unread' || error?.code === 'pds.network' ? undefined : error

/** What two accounts have said in public, and how it stands. `who` is the other side, `ours` our account. */
export function publishedSentences(
  { state, endedBy, waiting, error, devices }: PublishedAgreement,
  who: string,
  ours: string,
): readonly string[] {
  const said = [SAID[state](who, ours)]
  if (state === 'ended') said.push(endedBy === 'them' ? `${who} ended it.` : 'You ended it.')
  if (waiting && !isForPerson(error)) said.push(WRITTEN_LATER)
  if (devices > 0 && state !== 'ended') said.push(`They have named ${plural(devices, 'device')}.`)
  return said
}

const SAID: Readonly<Record<PublishedState, (who: string, ours: string) => string>> = {
  offered: (who, ours) => `You offer to keep ${who}, if they keep ${ours}.`,
  incoming: (who, ours) => `${who} offers to keep ${ours}, if you keep theirs.`,
  active: (who, ours) => `You keep ${who}, and they keep ${ours}.`,
  'one-way': (who) => `You keep ${who}, who lets anyone do that.`,
  ended: (who, ours) => `You and ${who} said that you keep copies of ${ours} and of theirs.`,
}

/** What an account says of itself, for someone who looks it up. */
export function foundSentence(
  { consents, offersTo, devices }: PublishedAccount,
  who: string,
  ours: string,
): string {
  const said = [
    offersTo.includes(ours) ? 'offers to keep yours' : undefined,
    consents ? 'lets anyone keep a copy' : undefined,
    devices > 0 ? `has named ${plural(devices, 'device')}` : undefined,
  ].filter((it) => it !== undefined)
  return said.length === 0 ? `${who} has published nothing of that kind.` : `${who} ${said.join(', ')}.`
}
