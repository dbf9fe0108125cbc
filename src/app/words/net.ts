import { formatBytes, plural } from '../lib/format.ts'
import { COPY_SAFE, number, text, TRY_LATER, type Fields, type Words, type WordsEntry } from './shape.ts'
import { storeWords } from './store.ts'

const ALONE = 'Everything on this device works without it.'
const ITSELF = 'It is tried again by itself.'
const MISBEHAVES: Omit<Words, 'title'> = {
  safe: 'It was refused. ' + COPY_SAFE,
  next: 'Other copies are asked instead. If it stays, that device may run another version of Cairn.',
}

/** Why a relay or a peer says no, where a person can do something about it. */
const REFUSALS: Readonly<Record<string, Words>> = {
  resource_limit_exceeded: {
    title: 'The relay is full for now.',
    safe: ALONE,
    next: ITSELF + ' Another relay can be added beside it.',
  },
  reservation_refused: {
    title: 'The relay refuses to take this device in.',
    safe: ALONE,
    next: 'It may be busy, or may serve only those it knows. Ask who runs it, or use another relay.',
  },
  permission_denied: {
    title: 'The relay serves only those it knows.',
    safe: ALONE,
    next: 'Ask who runs it to let you in, or use another relay.',
  },
  'no-relay': {
    title: 'That server answers, but it relays for nobody.',
    safe: ALONE,
    next: 'Use another relay, or ask who runs it.',
  },
  firewall: {
    title: 'The other device does not accept a connection from this one.',
    safe: COPY_SAFE,
    next: 'Ask the person who uses it.',
  },
  full: {
    title: 'The other device has no room for one more connection.',
    safe: COPY_SAFE,
    next: ITSELF,
  },
  limit: {
    title: 'The other side has as much as it takes for now.',
    safe: COPY_SAFE,
    next: ITSELF,
  },
}

const refused = (fields: Fields): Words => {
  const reason = text(fields, 'reason', '')
  const store = Object.hasOwn(storeWords, reason) ? storeWords[reason] : undefined
  if (store !== undefined) return typeof store === 'function' ? store(fields) : store
  return (
    (Object.hasOwn(REFUSALS, reason) ? REFUSALS[reason] : undefined) ?? {
      title: 'The other side said no.',
      safe: COPY_SAFE,
      next: TRY_LATER,
    }
  )
}

const RELAY_FAULTS: Readonly<Record<string, string>> = {
  url: 'A relay’s address is a web address, such as https://relay.example.org.',
  addresses: 'It names no address that can be connected to. Tell who runs it.',
  'too-large': 'Its description is too long to be one. Check the address.',
}

/** Connections to relays and other devices. */
export const netWords: Readonly<Record<string, WordsEntry>> = {
  'net.unreachable': {
    title: 'It could not be reached.',
    safe: ALONE,
    next: 'Check your connection. It may be switched off for now; another try may find it.',
  },
  'net.no-addresses': {
    title: 'Nobody knows where that device is now.',
    safe: COPY_SAFE,
    next: 'It is found when Cairn is open there and both sides reach the same relay.',
  },
  'net.unsupported': {
    title: 'The other side does not know how to do that.',
    safe: COPY_SAFE,
    next: 'It may run an older version of Cairn, or another program. An update there may help.',
  },
  'net.reset': {
    title: 'The connection broke off.',
    safe: 'What had arrived is kept and will not be fetched twice.',
    next: TRY_LATER,
  },
  'net.timeout': {
    title: 'The other side stopped answering.',
    safe: 'What had arrived is kept and will not be fetched twice.',
    next: TRY_LATER,
  },
  'net.cancelled': {
    title: 'Stopped, as you asked.',
    safe: 'What had arrived is kept and will not be fetched twice.',
    next: 'Go on whenever you like.',
  },
  'net.closed': {
    title: 'The network was just being closed or started anew.',
    safe: COPY_SAFE,
    next: 'Try again in a moment.',
  },
  'net.malformed': { title: 'The other side sent something that makes no sense.', ...MISBEHAVES },
  'net.too-large': { title: 'The other side sent more than is allowed.', ...MISBEHAVES },
  'net.refused': refused,
  'net.limit': (fields) => {
    const limit = number(fields, 'limit')
    return {
      title: 'A limit of this device was reached.',
      safe: COPY_SAFE,
      next:
        limit === undefined
          ? 'Try again when less is under way.'
          : `No more than ${plural(limit, 'thing')} of this kind can be under way. Try again when there are fewer.`,
    }
  },
  'net.address-refused': {
    title: 'That address leads into a private network, so it was not called.',
    safe: 'Nothing was sent.',
    next: 'If it is a relay of your own, allow addresses on this network in Settings.',
  },
  'net.no-relay': {
    title: 'No relay is reachable.',
    safe: ALONE,
    next: 'Copies with others wait until one answers. Check your connection, or add a relay under Network.',
  },
  'net.relay-invalid': (fields) => ({
    title: 'There is no relay at that address.',
    safe: 'Nothing was changed.',
    next:
      own(RELAY_FAULTS, text(fields, 'reason', '')) ??
      'Check the spelling. What is needed is the web address where the relay shows its own Cairn.',
  }),
  'net.record-invalid': {
    title: 'An announcement was refused, because it proves nothing.',
    safe: COPY_SAFE,
    next: 'Check the clock of this device. If it is right, try again in a while.',
  },
  'network.no-leader': {
    title: 'The network is not up yet.',
    safe: ALONE,
    next: 'It is being started, or another tab of Cairn is stuck. Try again in a moment; if it stays, close the other tabs.',
  },
  'network.off': {
    title: 'The network is turned off on this device.',
    safe: ALONE,
    next: 'Turn it on under Network to reach others.',
  },
}

function own(table: Readonly<Record<string, string>>, name: string): string | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined
}

const WHY_RELAYED: Readonly<Record<string, string>> = {
  'relay-only': 'You hide this device’s address.',
  'no-webrtc': 'This browser makes no direct connections here.',
  'peer-no-webrtc': 'The other side makes no direct connections.',
  'ice-failed': 'No direct way between the two networks was found.',
}

/** Why a peer is reached through a relay, as a sentence. */
export function whyRelayed(code: string | undefined): string {
  if (code === undefined) return 'A direct way was not needed yet.'
  return own(WHY_RELAYED, code) ?? 'No direct way has worked so far.'
}

/** Bytes each way, of one connection. */
export function bothWays(received: number, sent: number): string {
  return `${formatBytes(received)} in, ${formatBytes(sent)} out`
}
