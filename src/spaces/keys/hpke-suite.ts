import { Aes256Gcm, CipherSuite, DhkemP256HkdfSha256, HkdfSha256, HpkeError } from '@hpke/core'

/**
 * HPKE (RFC 9180) with DHKEM(P-256, HKDF-SHA256), HKDF-SHA256 and AES-256-GCM: 0x0010, 0x0001, 0x0002. WebCrypto does
 * the work, so a private key that cannot be read out serves as well as any.
 */
export const createHpkeSuite = (): CipherSuite =>
  new CipherSuite({ kem: new DhkemP256HkdfSha256(), kdf: new HkdfSha256(), aead: new Aes256Gcm() })

/** What does not open, as opposed to what is broken here. */
export const isHpkeError = (error: unknown): boolean => error instanceof HpkeError
