import { COPY_SAFE, number, text, TRY_LATER, type Fields, type Words, type WordsEntry } from './shape.ts'

const host = (fields: Fields) => text(fields, 'host', 'The server')
const handle = (fields: Fields) => text(fields, 'handle', 'This handle')

const gone = (title: string): Words => ({
  title,
  safe: 'A copy kept here is never deleted because of that; it stays readable and can be restored elsewhere.',
  next: 'There is nothing to fetch from the server for now. Open the copy that you have, or try again later.',
})

export const pdsWords: Readonly<Record<string, WordsEntry>> = {
  'pds.input-unsupported': {
    title: 'That is not a handle or a DID.',
    safe: 'Nothing was changed.',
    next: 'A handle looks like ana.example.org, a DID like did:plc:abc123. A link to a profile works too.',
  },
  'pds.handle-invalid': (fields) =>
    fields['reason'] === 'not-claimed'
      ? {
          title: `${handle(fields)} leads to an account that does not claim it.`,
          safe: 'Nothing was fetched: it could be somebody else’s account.',
          next: 'Check the spelling, or ask the person for their DID.',
        }
      : {
          title: `${handle(fields)} cannot be a handle.`,
          safe: 'Nothing was changed.',
          next: 'Check the spelling. A handle is a domain name, such as ana.example.org.',
        },
  'pds.handle-unresolved': (fields) => ({
    title: `${handle(fields)} leads to no account.`,
    safe: 'Nothing was changed.',
    next: 'Check the spelling and your connection. If the handle is new or was changed, try the DID instead.',
  }),
  'pds.did-unsupported': (fields) =>
    text(fields, 'did', '').startsWith('did:plc:')
      ? {
          title: 'This DID is not whole.',
          safe: 'Nothing was changed.',
          next: 'After did:plc: come 24 letters and digits. Check that it was copied in full.',
        }
      : {
          title: 'This kind of DID is not used for accounts.',
          safe: 'Nothing was changed.',
          next: 'Accounts have DIDs that start with did:plc: or did:web:.',
        },
  'pds.did-not-found': {
    title: 'No account has this DID.',
    safe: COPY_SAFE,
    next: 'Check that it was copied in full. Settings shows which directory was asked.',
  },
  'pds.did-tombstoned': gone('The account’s identity was deleted by its owner.'),
  'pds.did-document-malformed': {
    title: 'The account’s identity document cannot be read.',
    safe: COPY_SAFE,
    next: TRY_LATER,
  },
  'pds.did-mismatch': {
    title: 'The identity document belongs to another account.',
    safe: 'It was refused. ' + COPY_SAFE,
    next: 'Check the endpoints in Settings; the directory asked is not answering honestly, or is misconfigured.',
  },
  'pds.plc-log-invalid': (fields) =>
    fields['reason'] === 'contradicts-kept'
      ? {
          title: 'The directory now tells another history of this account than the one kept here.',
          safe: 'It was refused. ' + COPY_SAFE,
          next: 'One of the two was rewritten. Ask another directory in Settings, or ask the account’s owner.',
        }
      : {
          title: 'The directory’s history of this account does not hold together.',
          safe: 'It was refused. ' + COPY_SAFE,
          next: 'Try again later. If it stays, the directory in Settings is not to be trusted.',
        },
  'pds.no-pds': {
    title: 'The account names no server that keeps it.',
    safe: COPY_SAFE,
    next: 'If you have its CAR file, open that instead.',
  },
  'pds.no-key': {
    title: 'The account names no key that it signs with.',
    safe: COPY_SAFE,
    next: 'Nothing of it can be proven until its owner adds one. Try again later.',
  },
  'pds.address-refused': (fields) => ({
    title: `${host(fields)} is not a public, secure address.`,
    safe: 'It was not contacted.',
    next: 'If this is a server on your own machine or network, allow local addresses in Settings.',
  }),
  'pds.network': (fields) => ({
    title: `${host(fields)} could not be reached.`,
    safe: COPY_SAFE + ' What had arrived is kept and will not be fetched twice.',
    next: 'Check your connection. Then go on from where it stopped.',
  }),
  'pds.timeout': (fields) => ({
    title: `${host(fields)} did not answer.`,
    safe: COPY_SAFE,
    next: 'The server may be busy. ' + TRY_LATER,
  }),
  'pds.stalled': (fields) => ({
    title: `${host(fields)} stopped in the middle.`,
    safe: 'What had arrived is kept and will not be fetched twice.',
    next: 'Go on from where it stopped.',
  }),
  'pds.http': (fields) => {
    const status = number(fields, 'status')
    return {
      title: `${host(fields)} refused the request${status === undefined ? '' : ` (${status})`}.`,
      safe: COPY_SAFE,
      next:
        (status ?? 500) >= 500
          ? 'The server has trouble of its own. ' + TRY_LATER
          : 'Check the endpoints in Settings, or try again later.',
    }
  },
  'pds.rate-limited': (fields) => {
    const wait = number(fields, 'retryAfter')
    const minutes = wait === undefined ? undefined : Math.max(1, Math.ceil(wait / 60_000))
    return {
      title: `${host(fields)} asks to wait: too many requests.`,
      safe: COPY_SAFE,
      next:
        minutes === undefined
          ? TRY_LATER
          : `Try again in ${minutes === 1 ? 'a minute' : `${minutes} minutes`}.`,
    }
  },
  'pds.account-deactivated': gone('The account was deactivated by its owner.'),
  'pds.account-takendown': gone('The account was taken down by its server.'),
  'pds.account-suspended': gone('The account is suspended by its server.'),
  'pds.account-deleted': gone('The account was deleted from its server.'),
  'pds.account-not-found': gone('The server does not know this account.'),
  'pds.bad-response': (fields) => ({
    title: `${host(fields)} sent something that makes no sense here.`,
    safe: 'It was refused. ' + COPY_SAFE,
    next: 'If you are on a network that asks you to sign in, do that first. Otherwise try again later.',
  }),
  'pds.too-large': (fields) => ({
    title: `${host(fields)} sent more than is allowed.`,
    safe: 'It was stopped. ' + COPY_SAFE,
    next: 'Tell the operator of the server.',
  }),
  'pds.blob-mismatch': (fields) => ({
    title:
      fields['reason'] === 'unsupported-cid'
        ? 'A blob has a kind of address that Cairn does not know.'
        : 'A blob does not match its hash.',
    safe: 'It was refused; the records and all other blobs are not affected.',
    next:
      fields['reason'] === 'unsupported-cid'
        ? 'Skip it: there is no way to check it.'
        : 'Fetch it again, or skip it.',
  }),
  'pds.blob-missing': {
    title: 'The server no longer has a blob that a record refers to.',
    safe: 'The records and all other blobs are not affected.',
    next: 'Skip it, or try again later.',
  },
  'pds.cancelled': {
    title: 'Stopped, as you asked.',
    safe: 'What had arrived is kept and will not be fetched twice.',
    next: 'Go on whenever you like.',
  },
}
