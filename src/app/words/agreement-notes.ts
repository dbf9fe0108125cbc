import type { ActivityKind } from '../../cairn/api.ts'
import type { Fields } from './shape.ts'
import { nameOfPeer } from './ways.ts'

type Kind = ActivityKind & `agreement.${string}`

/** Who did it, whose repos it is about, and in what order they are named. */
interface Said {
  readonly who: string
  readonly us: boolean
  /** they keep a copy of the repo that is named */
  readonly ours: boolean
  /** we keep a copy of one of theirs, which is the one that is named where `ours` is false */
  readonly theirs: boolean
}

const said = (fields: Fields): Said | undefined => {
  const who = nameOfPeer(fields)
  const { by, ours, theirs } = fields
  if (who === undefined || (by !== 'us' && by !== 'them')) return undefined
  return { who, us: by === 'us', ours: typeof ours === 'string', theirs: typeof theirs === 'string' }
}

/** What became of an agreement, whichever side did it. The repo that is named is ours where one of ours is meant. */
export const agreementSentences: Readonly<Record<Kind, (fields: Fields, name: string) => string>> = {
  'agreement.offered': (fields, name) => {
    const it = said(fields)
    if (it === undefined) return `An agreement to keep copies of ${name} was offered.`
    const { who, us, ours, theirs } = it
    if (!ours)
      return us
        ? `You offered ${who} to keep a copy of ${name}.`
        : `${who} asks you to keep a copy of ${name}.`
    const inReturn = theirs ? ', in return for a copy of theirs' : ''
    return us
      ? `You asked ${who} to keep a copy of ${name}${inReturn}.`
      : `${who} offers to keep a copy of ${name}${inReturn}.`
  },
  'agreement.accepted': (fields, name) => {
    const it = said(fields)
    if (it === undefined) return `An agreement to keep copies of ${name} holds from now on.`
    const { who, us, ours, theirs } = it
    const what = !ours
      ? `you keep a copy of ${name}`
      : `they keep a copy of ${name}${theirs ? ', and you keep one of theirs' : ''}`
    return us ? `You agreed with ${who}: ${what}.` : `${who} agreed: ${what}.`
  },
  'agreement.ended': (fields, name) => {
    const it = said(fields)
    if (it === undefined) return `An agreement to keep copies of ${name} ended.`
    const { who, us } = it
    switch (fields['before']) {
      case 'offered':
        return us
          ? `You took back the offer to ${who} about ${name}.`
          : `${who} declined the offer about ${name}.`
      case 'incoming':
        return us
          ? `You declined the offer of ${who} about ${name}.`
          : `${who} took back the offer about ${name}.`
      default:
        return us
          ? `You ended the agreement with ${who} about ${name}.`
          : `${who} ended the agreement about ${name}.`
    }
  },
}
