import { sha256 } from '@noble/hashes/sha2.js'
import { toHex, utf8 } from '../../core/bytes.ts'

/** A topic as the key of a map. */
export const topicKey = (topic: Uint8Array): string => toHex(topic)

/** The topic under which relays look for others that know a peer, and under which its servers announce it. */
export const peerTopic = (peer: string): Uint8Array => sha256(utf8(`cairn/directory/peer/1\0${peer}`))
