import { verifySignature } from '../../repo/signature.ts'
import type { SpaceSigner } from '../../repo/space/commit.ts'
import { signAs, signedBytes } from '../signed.ts'

const TAG = 'cairn.space.device.v1'

export interface Consent {
  readonly space: string
  /** the device that will make the operation */
  readonly by: string
  readonly person: string
  readonly device: string
}

/** The new device's word that it is of this person, 64 bytes. Throws `spaces.invalid` for another's signer. */
export const signConsent = (consent: Consent, device: SpaceSigner): Promise<Uint8Array> =>
  signAs(device, consent.device, consentBytes(consent))

/** Whether the device signed exactly this. */
export const isConsent = async (consent: Consent, sig: Uint8Array): Promise<boolean> =>
  (await verifySignature(consent.device, sig, consentBytes(consent))) === 'valid'

/** What is signed. */
export const consentBytes = ({ space, by, person, device }: Consent): Uint8Array =>
  signedBytes(TAG, { space, by, person, device })
