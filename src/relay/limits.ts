/**
 * Everything this process bounds, each with its unit and the reason for the number. `relay.json` and
 * `/metrics` show the values in force; `--limit NAME=VALUE` sets one.
 *
 * "Address" is the client's IP address; of IPv6 the first 64 bits, since one customer has that many.
 */
export const defaultLimits = {
  /** open WebSockets; at about 100 KB each they fit into 200 MB */
  connections: 2_000,
  /** open WebSockets of one address; an office behind one address has some dozens of people */
  connectionsPerAddress: 256,
  /** handshakes at once; each costs a few ms of a core, and more would only queue */
  pendingConnections: 64,
  /** new WebSockets a minute from one address; a page that comes back needs one */
  connectsPerMinutePerAddress: 300,

  /** peers that may be reached through this relay; idle ones cost their connection only */
  reservations: 1_000,
  /** of one address: peer ids cost nothing, addresses do */
  reservationsPerAddress: 128,
  /** ms until a reservation ends by itself; it ends with the connection too */
  reservationMs: 60 * 60 * 1000,

  /** streams open at once on one connection, of all protocols: what a busy page needs, tenfold */
  streamsPerConnection: 512,
  /** circuits that one peer may have open through us */
  circuitsPerPeer: 128,
  /** bytes that one stream may have under way; at 50 ms of distance this is 20 MB/s */
  streamWindowBytes: 1024 * 1024,
  /** bytes of one WebSocket message; peers send at most a yamux frame or a few together */
  messageBytes: 8 * 1024 * 1024,
  /** bytes an hour, both ways, of one address: twenty repos of a gigabyte */
  bytesPerAddressPerHour: 20 * 1024 ** 3,
  /** bytes an hour, both ways, of one peer id, over all of its connections */
  bytesPerPeerPerHour: 20 * 1024 ** 3,
  /** bytes an hour, both ways, in all: half of what 1 Gbit/s carries */
  bytesPerHour: 225 * 1024 ** 3,

  /** HTTP requests a minute from one address, but for the app's files: a reader pages through records */
  requestsPerMinutePerAddress: 1_200,
  /** requests a minute from one address for the app's files; a first visit makes some 300, and a school has one address */
  fileRequestsPerMinutePerAddress: 30_000,
  /** HTTP connections open at once, WebSockets included */
  sockets: 4_000,
  /** of one address, or answers under way to it where a proxy has the connections: twice its WebSockets */
  socketsPerAddress: 512,
  /** bytes of the headers of one request; ours are under 2 KB */
  headerBytes: 16 * 1024,

  /** rows about peers and DHT providers kept in memory, about 500 bytes each */
  peerRows: 100_000,
  /** streams of the DHT at once on one connection; one is open per question */
  dhtStreamsPerConnection: 32,
} as const

export type LimitName = keyof typeof defaultLimits
export type RelayLimits = Readonly<Record<LimitName, number>>

export const isLimitName = (name: string): name is LimitName => Object.hasOwn(defaultLimits, name)
