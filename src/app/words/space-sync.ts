import { text, TRY_LATER, type Words, type WordsEntry } from './shape.ts'

const SAFE = 'What is in your spaces on this device is unchanged.'

const FORGED: Words = {
  title: 'Another device sent something about a space that does not hold together.',
  safe: 'It was thrown away. ' + SAFE,
  next: 'Nothing needs to be done. Others are asked instead.',
}
const AGAIN: Words = {
  title: 'The other side could not answer for now.',
  safe: SAFE,
  next: 'It is asked again by itself.',
}
const NOT_FOR_YOU: Words = {
  title: 'The other side does not keep this space, or not for you.',
  safe: SAFE,
  next: 'Others are asked instead. If you were removed, ask an admin for a new link.',
}
const RULES: Words = {
  title: 'A change of members was refused, because the rules of the space do not allow it.',
  safe: SAFE,
  next: 'Nothing needs to be done. Members shows who is in.',
}
const BEHIND: Words = {
  title: 'News about the members has not arrived whole.',
  safe: SAFE,
  next: 'What is missing is asked for by itself.',
}
const NEWER: Words = {
  title: 'A member uses a newer version of Cairn.',
  safe: SAFE,
  next: 'Reload to take the new version; then their changes can be read.',
}

/** What a relay says of what it was asked to keep or to give: links above all. */
const REVOKED: Words = {
  title: 'This link was revoked.',
  safe: 'Nothing was opened.',
  next: 'Ask whoever sent it for a new one.',
}
const EXPIRED: Words = {
  title: 'This link has expired.',
  safe: 'Nothing was opened.',
  next: 'Ask whoever sent it for a new one. If it is quite new, look whether the clock of this device is right.',
}
const USED_UP: Words = {
  title: 'This link was used as often as it may be.',
  safe: 'Nothing was opened.',
  next: 'Ask whoever sent it for a new one.',
}
const UNKNOWN: Words = {
  title: 'No relay that could be reached knows this link.',
  safe: 'Nothing was opened.',
  next: 'Its maker may not have been online since. Try again later, or ask whoever sent it for a new one.',
}
const MAILBOX: Readonly<Record<string, Words>> = {
  revoked: REVOKED,
  expired: EXPIRED,
  'used-up': USED_UP,
  unknown: UNKNOWN,
  unreachable: {
    title: 'No relay that keeps this link could be reached.',
    safe: 'The link is still good, and nothing was changed.',
    next: 'Try again when you have a network.',
  },
  timeout: {
    title: 'The relay that keeps this link did not answer in time.',
    safe: 'The link is still good, and nothing was changed.',
    next: TRY_LATER,
  },
  expires: {
    title: 'The clocks of this device and of the relay are too far apart.',
    safe: SAFE,
    next: 'Set the clock of this device, and try again.',
  },
  full: {
    title: 'The relay has no room left for links.',
    safe: SAFE,
    next: 'Try another relay, or make the long form of a link to ask.',
  },
  'too-many': {
    title: 'The relay was asked too often for now.',
    safe: SAFE,
    next: TRY_LATER,
  },
  'not-owner': {
    title: 'The relay does not take this link as yours.',
    safe: SAFE,
    next: 'Revoke it from the device that made it. Members ignore it as soon as they know that it is revoked.',
  },
}

/** How spaces travel: between members, through stores, and by links that relays keep. */
export const spaceSyncWords: Readonly<Record<string, WordsEntry>> = {
  'space-sync.mailbox': (fields) => {
    const reason = text(fields, 'reason', '')
    return (
      (Object.hasOwn(MAILBOX, reason) ? MAILBOX[reason] : undefined) ?? {
        title: 'The relay did not do what it was asked.',
        safe: SAFE,
        next: TRY_LATER,
      }
    )
  },
  'spaces.link-revoked': REVOKED,
  'spaces.link-expired': EXPIRED,
  'spaces.link-used-up': USED_UP,
  'spaces.link-unknown': UNKNOWN,
  'spaces.recovery-unknown': {
    title: 'No list of your spaces was found for these words.',
    safe: 'Nothing was changed.',
    next: 'Compare the words with your paper. If they are right, add a relay that you used before, or use your recovery file.',
  },
  'spaces.recovery-refused': {
    title: 'These recovery words were removed from this space.',
    safe: 'Nothing was changed.',
    next: 'Newer words may open it. Else ask a member for a link.',
  },
  'spaces.account': {
    title: 'Nothing of that account’s repository could be proven.',
    safe: 'Nothing was changed.',
    next: TRY_LATER,
  },
  'space-sync.not-joined': NOT_FOR_YOU,
  'space-sync.not-kept': NOT_FOR_YOU,
  'space-sync.denied': NOT_FOR_YOU,
  'space-sync.stranger': NOT_FOR_YOU,
  'space-sync.refused': AGAIN,
  'space-sync.other-root': FORGED,
  'space-sync.bad-log': FORGED,
  'space-sync.withheld': {
    title: 'A store or a device holds something back.',
    safe: SAFE,
    next: 'Others are asked for it. If it goes on, use another relay.',
  },
  'space-sync.bad-chunk': FORGED,
  'space-sync.no-chunk': {
    title: 'Nobody in reach has this file.',
    safe: 'What is here of it stays.',
    next: 'It can be fetched when someone who has it is online.',
  },
  'space-sync.no-store': {
    title: 'No store in reach took it.',
    safe: 'It is saved on this device.',
    next: 'It is handed over by itself when one is in reach.',
  },
  'space.uri': FORGED,
  'space.commit-malformed': FORGED,
  'space.commit-version': NEWER,
  'space.rev-malformed': FORGED,
  'space.bad-signature': FORGED,
  'space.key-unsupported': FORGED,
  'space.wrong-space': FORGED,
  'space.wrong-author': FORGED,
  'space.not-allowed': {
    title: 'Someone without the right to write sent changes.',
    safe: 'They count for nothing. ' + SAFE,
    next: 'Nothing needs to be done.',
  },
  'space.rollback': {
    title: 'A device or a store offered an older state than it had.',
    safe: 'The newer one is kept.',
    next: 'Nothing needs to be done. If it goes on, use another relay.',
  },
  'space.equivocation': {
    title: 'A device of a member told two different stories.',
    safe: 'Both are kept as proof.',
    next: 'Its profile may have been copied. Ask whose it is, or remove the device.',
  },
  'space.hash-mismatch': FORGED,
  'space.record': FORGED,
  'space.changes': FORGED,
  'space.busy': AGAIN,
  'space.bad-answer': FORGED,
  'space.chunk-gone': AGAIN,
  'space.restarts': AGAIN,
  'members.malformed': FORGED,
  'members.version': NEWER,
  'members.wrong-space': FORGED,
  'members.bad-signature': FORGED,
  'members.unknown-author': FORGED,
  'members.not-allowed': RULES,
  'members.sequence': FORGED,
  'members.parents': FORGED,
  'members.refused-parent': RULES,
  'members.too-many': {
    title: 'The space has more changes of members than it can hold.',
    safe: SAFE,
    next: 'Begin a new space with an export of this one.',
  },
  'members.unknown': BEHIND,
}
