import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/**
 * The name of a host as people reach it from other machines. Nobody has it anywhere else (RFC 8375), so who is to find
 * it has to be told. The names for examples will not do: servers never ask those.
 */
export const PUBLIC_NAME = 'cairn.home.arpa'

/** A certificate for {@link PUBLIC_NAME} that signs itself, valid for a hundred years. For tests only. */
export const PUBLIC_CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBpjCCAU2gAwIBAgIUCbipO1e8z7Q/UCOpY2YjleFrwa0wCgYIKoZIzj0EAwIw
GjEYMBYGA1UEAwwPY2Fpcm4uaG9tZS5hcnBhMCAXDTI2MTEyMTE1NDI1OFoYDzIx
MjYxMDI4MTU0MjU4WjAaMRgwFgYDVQQDDA9jYWlybi5ob21lLmFycGEwWTATBgcq
hkjOPQIBBggqhkjOPQMBBwNCAARyfcgZHowKQQSh4gTLHUjAEZX7+yFMOzegLY9A
6d+clmOHkc2fslu/jv0Pgn1pzQZEe45GGMbRn88Dv6TaHzk/o28wbTAdBgNVHQ4E
FgQUergYhDZ6j6G2DtNm25uExnAgzjQwHwYDVR0jBBgwFoAUergYhDZ6j6G2DtNm
25uExnAgzjQwDwYDVR0TAQH/BAUwAwEB/zAaBgNVHREEEzARgg9jYWlybi5ob21l
LmFycGEwCgYIKoZIzj0EAwIDRwAwRAIgRf9tpVXqVCNq1gmBTHvp8B00BBARL170
+iq4y7IUi84CIA/2eE6oE3r6K2WqxnuV8sv+kaPrAKrdh60Kz/il/DU0
-----END CERTIFICATE-----
`

const KEY = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg/Q389YLR5OTOF2at
99B02JrUQVtdRqfN59Oaq3uVZSyhRANCAARyfcgZHowKQQSh4gTLHUjAEZX7+yFM
OzegLY9A6d+clmOHkc2fslu/jv0Pgn1pzQZEe45GGMbRn88Dv6TaHzk/
-----END PRIVATE KEY-----
`

/** SHA-256 of the certificate's public key, as Chromium wants it. */
const KEY_HASH = 'cZ1G901xu5K2d8WCuu/3el6l23duTJwPqnBN9JRYZsc='

/** Has a browser find the name at this machine, and take this one certificate for a good one. */
export const PUBLIC_ARGS = [
  `--host-resolver-rules=MAP ${PUBLIC_NAME} 127.0.0.1`,
  `--ignore-certificate-errors-spki-list=${KEY_HASH}`,
]

/** What a relay is told so that it is this host, at a free port; `use` ends before the files are gone. */
export async function withPublicHost(
  use: (host: { readonly origin: string; readonly flags: readonly string[] }) => Promise<void>,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'cairn-public-'))
  try {
    const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')]
    await Promise.all([writeFile(cert, PUBLIC_CERTIFICATE), writeFile(key, KEY)])
    const port = await freePort()
    await use({
      origin: `https://${PUBLIC_NAME}:${port}`,
      flags: ['--port', String(port), '--tls-cert', cert, '--tls-key', key],
    })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** One that nobody listens at. The address of a host stands in what it says of itself, so it is chosen before. */
async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo // a TCP server's address is one
  await new Promise((resolve) => server.close(resolve))
  return port
}
