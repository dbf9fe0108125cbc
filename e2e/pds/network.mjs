import dns from 'node:dns'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { randomBytes } from 'node:crypto'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { PDS, envToCfg, envToSecrets } from '@atproto/pds'
import plc from '@did-plc/server'

/** Listens on a free loopback port and says which. */
export async function listen(server, port = 0) {
  await new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
  return server.address().port
}

const known = new Set()
const { lookup } = dns
dns.lookup = (name, ...rest) => lookup(known.has(name) ? '127.0.0.1' : name, ...rest)

/** From now on this process finds the name at this machine, as DNS would say, and takes the certificate for a good one. */
export function knowHost(name, certificate) {
  known.add(name)
  setDefaultCACertificates([...getCACertificates('default'), certificate])
}

export const ADMIN_PASSWORD = 'admin-password'

/** A real PLC directory, in memory. */
export async function startPlc() {
  const directory = plc.PlcServer.create({ db: plc.Database.mock() })
  const server = createServer(directory.app)
  const port = await listen(server)
  return { url: `http://localhost:${port}`, close: () => closeServer(server) }
}

/**
 * A real PDS on a data directory of its own. `publicPort` is what identity documents name: the port
 * of the fault proxy, so that every client goes through it. `domain` is what its handles end in. `onCode` is told what it would send by mail to have an identity changed.
 */
export async function startPds({ plcUrl, publicPort, appView, domain = '.test', invites = false, onCode }) {
  const dataDirectory = await mkdtemp(join(tmpdir(), 'cairn-pds-'))
  const env = {
    devMode: true,
    port: publicPort,
    dataDirectory,
    blobstoreDiskLocation: join(dataDirectory, 'blobs'),
    didPlcUrl: plcUrl,
    adminPassword: ADMIN_PASSWORD,
    jwtSecret: 'jwt-secret-of-a-test',
    plcRotationKeyK256PrivateKeyHex: randomBytes(32).toString('hex'),
    serviceHandleDomains: [domain],
    inviteRequired: invites,
    bskyAppViewUrl: appView,
    bskyAppViewDid: 'did:web:appview.test',
    disableSsrfProtection: true,
  }
  const pds = await PDS.create(envToCfg(env), envToSecrets(env))
  pds.ctx.mailer.sendPlcOperation = async ({ token }, { to }) => onCode?.(to, token)
  await pds.ctx.sequencer.start()
  // The app's own `listen`, since only that serves event streams too.
  const server = pds.app.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  return {
    pds,
    url: `http://127.0.0.1:${port}`,
    port,
    async close() {
      await closeServer(server)
      await pds.ctx.destroy()
      await rm(dataDirectory, { recursive: true, force: true })
    },
  }
}

export function closeServer(server) {
  server.closeAllConnections()
  return new Promise((resolve) => server.close(() => resolve()))
}
