import * as v from 'valibot'

const MAX_RELAYS = 8
const MAX_ADDRESS = 256

/** Addresses of relays in a message: printable ASCII; hints only. */
export const relayAddresses = v.pipe(
  v.array(v.pipe(v.string(), v.maxLength(MAX_ADDRESS), v.regex(/^[\x21-\x7e]+$/))),
  v.maxLength(MAX_RELAYS),
)
