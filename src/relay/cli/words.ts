/** What is wrong with a file, for whoever wants to keep it. Codes are explained in `src/repo/errors.ts`. */
const SENTENCES: Readonly<Record<string, string>> = {
  'repo.car-truncated': 'The file is cut off.',
  'repo.car-header': 'This is no CAR file, or its beginning is damaged.',
  'repo.car-version': 'This is a CAR file of a version that AT Protocol does not use.',
  'repo.car-frame': 'The file is damaged between two blocks.',
  'repo.block-too-large': 'The file has a block larger than any repository may have.',
  'repo.cid-unsupported': 'The file names a block in a way that AT Protocol does not allow.',
  'repo.bad-hash': 'A block was changed: its bytes are not what their name says.',
  'repo.no-root': 'The file has no signed commit.',
  'repo.commit-malformed': 'The root of the file is no signed commit.',
  'repo.commit-version': 'The commit is of an unknown version.',
  'repo.bad-signature': 'The signature is not by any key of the account.',
  'repo.high-s': 'The signature is not in the one form that AT Protocol allows.',
  'repo.key-unsupported': "The account's key is of a kind that AT Protocol does not use.",
  'repo.did-mismatch': 'The identity document is of another account than the file.',
  'repo.rev-malformed': "The commit's version is malformed.",
  'repo.rev-future': "The commit says that it was made in the future; or this computer's clock is wrong.",
  'repo.past-key': 'The signature is by a key that the account had given up when it was made.',
  'repo.node-missing': 'Part of the tree is not in the file.',
  'repo.record-missing': 'A record is not in the file.',
  'repo.tree-too-deep': 'The tree is deeper than any can be.',
  'repo.path-invalid': 'A record has a name that AT Protocol does not allow.',
  'repo.record-float': 'A record holds a number with a fraction, which AT Protocol does not have.',
  'repo.record-too-deep': 'A record is nested too deeply.',
  'repo.record-too-large': 'A record is larger than a record may be.',
  'pack.truncated': 'The file is cut off.',
  'pack.count': 'The file is cut off, or damaged.',
  'pack.trailing': 'Something follows the end of the pack.',
  'pack.magic': 'This is no sync pack and no table, or its beginning is damaged.',
  'pack.version': 'This is of a version of the format that is not read here.',
  'pack.too-large': 'The file is larger than can be shown.',
  'pds.plc-log-invalid': "The account's PLC log does not prove itself.",
  'pds.did-unsupported': 'This kind of DID is not used by AT Protocol.',
}

/** Families of codes that a person need not tell apart. */
const GROUPS: readonly (readonly [prefix: string, sentence: string])[] = [
  ['repo.record-', 'A record is not written as AT Protocol demands.'],
  ['repo.', 'The tree is not built as AT Protocol demands.'],
  ['pack.', 'The file is damaged, or not written as its format demands.'],
  ['pds.', 'The identity document is malformed.'],
]

export function sentenceOf(code: string): string {
  return SENTENCES[code] ?? GROUPS.find(([prefix]) => code.startsWith(prefix))?.[1] ?? 'The file is refused.'
}
