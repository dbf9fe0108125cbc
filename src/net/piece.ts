/**
 * Bytes that one piece handed to libp2p may have. Noise seals at most 65,519 at once: what is a little longer
 * travels as two messages, a large one and a tiny one, each with its own cost at every hop. Of those, each
 * layer takes some for its own heads (12 of yamux and 18 of Noise, twice over a circuit; 5 of a data
 * channel's framing and a few of protobuf), for which there is room here.
 */
export const LARGEST_PIECE = 65_408

/** Bytes to write to a stream at once when there are many, with room for the framing of a data channel. */
export const PIECE = 65_280
