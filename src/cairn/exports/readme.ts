import type { SnapshotRow } from '../../storage/rows.ts'

export interface ReadmeFacts {
  readonly snapshot: SnapshotRow
  readonly handle: string | undefined
  readonly carName: string
  readonly identity: boolean
  readonly blobs: { readonly kept: number; readonly others: number }
}

const SIGNATURES: Readonly<Record<SnapshotRow['signature'], string>> = {
  'current-key': "It was signed with the account's own key, and the signature was checked.",
  'past-key': 'It was signed with an earlier key of the account, and the signature was checked.',
  unchecked: 'No key was at hand when it was taken in, so the signature was not checked.',
}

/** What lies beside it in the archive, for whoever opens it in twenty years. */
export function readme(facts: ReadmeFacts): string {
  const { snapshot, handle, blobs } = facts
  const who = handle === undefined ? snapshot.did : `${handle} (${snapshot.did})`
  const lines = [
    `Backup of ${who}`,
    '',
    `Taken on ${new Date(snapshot.takenAt).toISOString()}`,
    `Version (rev): ${snapshot.rev ?? 'not stated'}`,
    `Records: ${snapshot.root.records}`,
    '',
    'What is in here',
    '',
    facts.carName,
    '  Every public record of the account: posts, likes, follows, lists, profile and all else, with the',
    '  signature that proves who wrote them. The format is CAR version 1, as the AT Protocol uses it; any',
    '  server or tool for the protocol reads it. In Cairn, drop it on the library to open it.',
    '',
    ...(facts.identity
      ? [
          'identity.json',
          "  The account's identity document and the history of its keys at the time of this backup. With it",
          '  the signature can be checked without any network.',
          '',
        ]
      : []),
    ...(blobs.kept > 0
      ? [
          'blobs/',
          `  ${count(blobs.kept, 'image, video or other file', 'images, videos and other files')} that records refer to. Each is named`,
          '  by its content identifier (CID), under which the records name it too.',
          '',
        ]
      : []),
    ...(blobs.others > 0
      ? [
          `Not in here: ${count(blobs.others, 'file', 'files')} that records refer to and that this device does not have.`,
          '',
        ]
      : []),
    'Whether it is sound',
    '',
    `${SIGNATURES[snapshot.signature]} Every record was checked against the signed tree.`,
    'Nothing in this archive is encrypted. It holds no password and no key that could write to the account.',
    '',
  ]
  return lines.join('\r\n')
}

/** What the archive lacks although it should be in it: seen only once most of it is written. */
export const notRead = (cids: readonly string[]): string =>
  [
    'These files are kept on the device that made this archive, but could not be read there. They are not in blobs/.',
    'Each is named by its content identifier (CID).',
    '',
    ...cids,
    '',
  ].join('\r\n')

const count = (number: number, one: string, many: string): string => `${number} ${number === 1 ? one : many}`
