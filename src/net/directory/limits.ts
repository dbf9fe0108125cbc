/** The protocol of the directory, spoken by devices to relays and by relays to each other. */
export const DIRECTORY_PROTOCOL = '/cairn/directory/1.0.0'

/** Bytes of a topic: a SHA-256. */
export const TOPIC_BYTES = 32
/** Addresses in one announcement: a device has one or two per relay and transport. */
export const MAX_ADDRESSES = 16
/** Characters of one address: a circuit over a relay with a long host name takes about 250. */
export const MAX_ADDRESS_LENGTH = 320
/** Bytes of one signed announcement: the most addresses of common length, with room. */
export const MAX_RECORD_BYTES = 4096
/** Characters of a peer id: the longest in use has 62. */
export const MAX_PEER_LENGTH = 128
/** Announcements in one answer: more than a device dials in a minute. */
export const MAX_LOOKUP = 64
/** Bytes of one request: an announcement and its frame. */
export const REQUEST_BYTES = MAX_RECORD_BYTES + 512
/** Bytes of one answer: a full lookup and its frame. */
export const ANSWER_BYTES = MAX_LOOKUP * (MAX_RECORD_BYTES + 8) + 512

/** How long an announcement may last, ms: what a relay would go on telling of a device that vanished. */
export const MAX_TTL = 60 * 60_000
/** How far clocks of a device and a relay may be apart, ms. */
export const CLOCK_SKEW = 10 * 60_000

/** What one relay holds and does, each refused with `net.limit` and its name in `what`. */
export interface DirectoryLimits {
  /** announcements of one peer: a library of a thousand repos */
  readonly topicsPerPeer: number
  /**
   * announcements of this relay itself, for its own store: as many as that keeps repos. They count nowhere else,
   * so that whoever fills the directory does not hide what the store has.
   */
  readonly topicsOfSelf: number
  /** announcements under one topic: the most copies of one repo that lookups rotate through */
  readonly peersPerTopic: number
  /** announcements from one IP address (IPv6: one /64); under `peersPerTopic`, so that one host fills no topic */
  readonly perAddress: number
  /** announcements of all peers: at about 1 KB each, 100 MB */
  readonly inAll: number
  /** open streams of one peer: two tabs and a service worker, and those not yet known to be broken */
  readonly streamsPerPeer: number
  /** topics that one peer watches */
  readonly watchesPerPeer: number
  /** topics that another relay watches here, on behalf of all its devices */
  readonly watchesPerRelay: number
  /** watches in all: at about 200 bytes each, 40 MB */
  readonly watchesInAll: number
  /** requests of one stream that wait for other relays at a time; reading pauses at more */
  readonly pendingPerStream: number
  /** bytes that wait for a slow reader before its stream is cut: a few full answers */
  readonly unreadBytes: number
  /** lookups that ask other relays at a time; at more the answer is what this relay itself knows */
  readonly remoteInAll: number
}

export const DIRECTORY_LIMITS: DirectoryLimits = {
  topicsPerPeer: 1024,
  topicsOfSelf: 20_000,
  peersPerTopic: 10_000,
  perAddress: 4096,
  inAll: 100_000,
  streamsPerPeer: 8,
  watchesPerPeer: 1024,
  watchesPerRelay: 16_384,
  watchesInAll: 200_000,
  pendingPerStream: 32,
  unreadBytes: 1024 * 1024,
  remoteInAll: 64,
}
