import { spawn } from 'node:child_process'
import { createWriteStream } from 'node:fs'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { constants, gunzipSync } from 'node:zlib'
import { ClassicLevel } from 'classic-level'
import type { AppServer } from './app-server.ts'
import { firstLine, NODE, ROOT, stopChild } from './pds/client.ts'

/** A relay that writes down all that reaches it, and whose log says as much as it can. */
export interface WatchedRelay extends AppServer {
  /** Everything that came in so far, in clear: requests with their bodies, and streams without their Noise. */
  received(): Promise<Buffer>
  /** what it logged so far */
  log(): Promise<string>
  /** Stops it and gives all that its data folder holds: the files, and what the databases in them say. */
  kept(): Promise<Buffer>
}

export async function startWatchedRelay(flags: readonly string[] = []): Promise<WatchedRelay> {
  const folder = await mkdtemp(join(tmpdir(), 'cairn-watched-'))
  const data = join(folder, 'data')
  const log = join(folder, 'log')
  const tap = join(folder, 'tap')
  const spawnRelay = (port: number) => {
    const child = spawn(
      NODE,
      [
        ...['--import', join(import.meta.dirname, 'space-tap.mjs')],
        ...[join(ROOT, 'src/relay/main.ts'), '--data', data, '--log', 'debug', ...flags],
      ],
      {
        stdio: ['ignore', 'pipe', 'pipe'],
        env: { ...process.env, PORT: String(port), HOST: '127.0.0.1', CAIRN_TOKEN: '', SPACE_TAP: tap },
      },
    )
    child.stderr?.pipe(createWriteStream(log, { flags: 'a' }))
    return child
  }
  let child = spawnRelay(0)
  const url = (await firstLine(child, /^http:/)).replace(/\/$/, '')
  const { port } = new URL(url)
  return {
    url,
    stop: () => stopChild(child),
    kill: () => stopChild(child, 'SIGKILL'),
    async start() {
      if (child.exitCode === null && child.signalCode === null) return
      child = spawnRelay(Number(port))
      await firstLine(child, /^http:/)
    },
    forgetIdentity: () => Promise.reject(new Error('a watched relay keeps its key')),
    async describe() {
      const response = await fetch(`${url}/relay.json`)
      // what the relay's `RelayDescription` says
      return (await response.json()) as { peerId: string; multiaddrs: string[] }
    },
    async close() {
      await stopChild(child)
      await rm(folder, { recursive: true, force: true })
    },
    async received() {
      const bytes = await readFile(tap)
      return Buffer.concat([bytes, ...unpacked(bytes)])
    },
    log: () => readFile(log, 'utf8'),
    async kept() {
      await stopChild(child)
      return Buffer.concat(await everythingIn(data))
    },
  }
}

/** All files under a folder, and, where it holds a database, its rows: its files are compressed. */
async function everythingIn(folder: string): Promise<Buffer[]> {
  const out: Buffer[] = []
  const entries = await readdir(folder, { withFileTypes: true })
  for (const entry of entries) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) out.push(...(await everythingIn(path)))
    else out.push(await readFile(path))
  }
  if (!entries.some(({ name }) => name === 'CURRENT')) return out
  const database = new ClassicLevel<Buffer, Buffer>(folder, {
    keyEncoding: 'buffer',
    valueEncoding: 'buffer',
  })
  for await (const [key, value] of database.iterator()) out.push(key, value)
  await database.close()
  return out
}

/** What gzip has packed anywhere in these bytes, as far as it can be read: frames of the wire cut it. */
function unpacked(bytes: Buffer): Buffer[] {
  const out: Buffer[] = []
  for (let at = bytes.indexOf('1f8b08', 0, 'hex'); at >= 0; at = bytes.indexOf('1f8b08', at + 1, 'hex')) {
    try {
      out.push(gunzipSync(bytes.subarray(at, at + 4 * 1024 ** 2), { finishFlush: constants.Z_SYNC_FLUSH }))
    } catch {
      // chance, or cut by a frame
    }
  }
  return out
}
