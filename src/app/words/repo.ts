import { NOTHING_KEPT, text, type Fields, type Words, type WordsEntry } from './shape.ts'

const OTHER_COPY = 'Get the file again from where it came, or back up from the account’s server instead.'

/** The bytes are not what a CAR file must be: most often a damaged or half-finished file. */
const damaged = (title: string): Words => ({ title, safe: NOTHING_KEPT, next: OTHER_COPY })

/** The tree or the records break the rules that make a repository provable. */
const unsound = (title: string): Words => ({
  title,
  safe: NOTHING_KEPT,
  next: 'Do not trust this copy. Try another server or another file; if the account’s own server sends this, tell its operator.',
})

/** The commit is not by whom, or not from when, it says. */
const untrusted = (title: string, next: string): Words => ({
  title,
  safe: 'It was refused. The last backup that verified is still the one shown here.',
  next,
})

const at = (fields: Fields, otherwise: string) => text(fields, 'path', text(fields, 'key', otherwise))

export const repoWords: Readonly<Record<string, WordsEntry>> = {
  'repo.car-frame': damaged('This is not a whole CAR file: its blocks are not laid out as they should be.'),
  'repo.car-header': damaged('This does not start like a CAR file.'),
  'repo.car-truncated': damaged('The file ends in the middle.'),
  'repo.car-version': damaged('This CAR file has a version that Cairn does not read.'),
  'repo.root-mismatch': unsound('The tree of records does not add up to the root that was signed.'),
  'repo.no-root': damaged('The file does not say which commit it holds.'),
  'repo.bad-hash': unsound('A block does not match its own hash: it was changed or damaged on the way.'),
  'repo.block-too-large': unsound('A block is larger than any block of a repository may be.'),
  'repo.cid-unsupported': unsound('A block has a kind of address that repositories do not use.'),
  'repo.json-invalid': unsound('A record’s JSON form cannot be read back.'),

  'repo.commit-malformed': unsound('The signed commit is not in the form it must have.'),
  'repo.commit-version': unsound('The commit has a version that Cairn does not know.'),
  'repo.commit-missing': damaged('The file does not hold the commit that it names.'),
  'repo.bad-signature': (fields) =>
    fields['reason'] === 'no-key'
      ? untrusted(
          'Who made this copy cannot be proven now, and it would replace one that is proven.',
          'Its keys could not be looked up. Connect to the network, then open it again.',
        )
      : untrusted(
          'The signature does not match the account’s keys.',
          'This copy may be forged or changed. Back up from the account’s own server; if that fails too, wait for its owner.',
        ),
  'repo.high-s': untrusted(
    'The signature is not in the one form that is allowed.',
    'Back up again from the account’s own server. If that sends the same, tell its operator.',
  ),
  'repo.key-unsupported': untrusted(
    'The account signs with a kind of key that Cairn does not know.',
    'An update of Cairn may know it.',
  ),
  'repo.past-key': (fields) =>
    fields['reason'] === 'older-than-kept'
      ? untrusted(
          'This version is signed with an older key than the copy kept here.',
          'Whoever still holds the old key could have made it. Keep yours; back up from the account’s own server.',
        )
      : untrusted(
          'This version is signed with a key that the account has since replaced.',
          'Whoever still holds the old key could have made it. Wait for the account’s next change, then back up again.',
        ),
  'repo.did-mismatch': (fields) =>
    untrusted(
      'This is another account’s repository.',
      `It belongs to ${text(fields, 'found', 'someone else')}. Check the file or the handle; if a server sent it, tell its operator.`,
    ),
  'repo.rev-rollback': (fields) =>
    fields['headInFuture'] === true
      ? {
          title: 'The copy kept here is dated in the future, so what came looks older.',
          safe: 'Nothing was replaced; the copy kept here is complete.',
          next: 'A clock was wrong when it was made. A backup can replace it with what the account’s server has now; the old one then stays as a snapshot.',
        }
      : untrusted(
          'What came is an older version than the one kept here.',
          'If a server sent it, it may have been restored from an old backup. Yours is newer; keep it, and try again when the account has changed.',
        ),
  'repo.rev-future': untrusted(
    'The version sent is dated in the future.',
    'Check the clock of this device. If it is right, the server’s or the author’s is wrong; try again later.',
  ),
  'repo.rev-malformed': unsound('The revision of the commit is not in the form it must have.'),
  'repo.equivocation': untrusted(
    'Two different versions are signed with the same revision.',
    'Someone holds the account’s key besides its owner, or a server rewrote history. Keep both copies and ask the owner.',
  ),

  'repo.node-missing': damaged('A part of the tree of records is not in the file.'),
  'repo.node-malformed': unsound('A part of the tree of records is not in the form it must have.'),
  'repo.node-not-canonical': unsound(
    'A part of the tree of records is written in a way that is not allowed.',
  ),
  'repo.node-empty': unsound('The tree of records has an empty part where none may be.'),
  'repo.key-order': unsound('The tree of records is out of order.'),
  'repo.key-duplicate': unsound('The tree of records holds one name twice.'),
  'repo.prefix-wrong': unsound('Names in the tree of records are shortened in a way that is not allowed.'),
  'repo.height-wrong': unsound('A record stands at the wrong height in the tree.'),
  'repo.layer-wrong': unsound('A part of the tree of records hangs in the wrong place.'),
  'repo.tree-too-deep': unsound('The tree of records is deeper than any honest one.'),
  'repo.too-many-entries': unsound('The tree of records has more entries in one place than any honest one.'),

  'repo.path-invalid': (fields) =>
    unsound(`A record has a name that is not allowed: ${at(fields, 'it cannot be shown')}.`),
  'repo.record-missing': damaged('A record that the tree names is not in the file.'),
  'repo.record-malformed': (fields) =>
    unsound(`A record cannot be read: ${at(fields, 'its name is not known')}.`),
  'repo.record-codec': unsound('A record is stored in a form that repositories do not use.'),
  'repo.record-float': unsound('A record holds a fraction, which repositories may not.'),
  'repo.record-not-canonical': unsound(
    'A record is written in a way that is not allowed, so its hash proves nothing.',
  ),
  'repo.record-too-deep': unsound('A record is nested deeper than allowed.'),
  'repo.record-too-large': unsound('A record is larger than the 1 MB that is allowed.'),
}
