import type { SpaceSigner } from '../../repo/space/commit.ts'
import type { KeyUnwrap, KeyWrap } from '../epochs/wrap.ts'

/**
 * The keys by which a device takes part in one space: one pair to sign, one for HPKE. They are made for that space
 * alone, so that nobody can tell by them that two spaces have a device in common. Where the storage can hold keys
 * themselves the private halves cannot be read out.
 */
export interface SpaceDevice {
  /** `did:key` of the signing key */
  readonly id: string
  readonly signer: SpaceSigner
  /** opens what is wrapped for this device */
  readonly unwrap: KeyUnwrap
  /** signed: `signKeyCard` */
  readonly card: Uint8Array<ArrayBuffer>
}

/**
 * A recovery secret: 16 bytes of chance, shown as 12 words (BIP-39, English) or kept in a file that a passphrase may
 * seal. For each space it **is** a device of its own, offline; its keys are derived from the secret and the space's
 * URI, or from a seed that a device without the secret has sealed for it. It can also hold the authority's key of a
 * space.
 */
export interface Recovery {
  /** 16 bytes; never stored in the clear once the person has confirmed that they have it */
  readonly secret: Uint8Array
}

export interface SpaceKeys {
  /** This device's keys for a space; made on first use, under a lock. */
  device(space: string): Promise<SpaceDevice>
  /** New ones beside the old, which stay until `forget`: for a device whose profile was cloned. */
  renew(space: string): Promise<SpaceDevice>
  /** All that this profile has been in a space, newest first; empty where it has none yet. */
  devices(space: string): Promise<readonly SpaceDevice[]>
  /** A key that owners' devices share (the authority's), under a name; bytes, since it is handed to the owner's other devices. */
  secret(space: string, name: string): Promise<Uint8Array | undefined>
  keepSecret(space: string, name: string, key: Uint8Array): Promise<void>
  dropSecret(space: string, name: string): Promise<void>
  /** Everything of a space. */
  forget(space: string): Promise<void>
  readonly wrap: KeyWrap
}
