/** The one file of a hash has the types of the whole library, but does not say so. */
declare module 'hash-wasm/dist/blake3.umd.min.js' {
  import type { createBLAKE3 } from 'hash-wasm'
  const module: { readonly createBLAKE3: typeof createBLAKE3 }
  export default module
}
