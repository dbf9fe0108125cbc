/**
 * The raw module has no types of its own. These are what of its exports is used: addresses and lengths are numbers,
 * 64-bit lengths two of them, the low one first; 0 stands for no address.
 */
declare module 'libsodium' {
  export interface Sodium {
    /** the whole memory; another array once it has grown */
    readonly HEAPU8: Uint8Array<ArrayBuffer>
    _malloc(bytes: number): number
    _crypto_aead_chacha20poly1305_ietf_encrypt(
      ...args: readonly [
        sealed: number,
        sealedLength: number,
        message: number,
        low: number,
        high: number,
        additional: number,
        additionalLow: number,
        additionalHigh: number,
        secretNonce: number,
        nonce: number,
        key: number,
      ]
    ): number
    /** 0 when the tag is its own; else nothing is opened */
    _crypto_aead_chacha20poly1305_ietf_decrypt(
      ...args: readonly [
        message: number,
        messageLength: number,
        secretNonce: number,
        sealed: number,
        low: number,
        high: number,
        additional: number,
        additionalLow: number,
        additionalHigh: number,
        nonce: number,
        key: number,
      ]
    ): number
  }
  export default function start(): Promise<Sodium>
}
