import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { IDENTITY_FILE } from '../src/relay/node/identity.ts'
import { firstLine, NODE, ROOT, stopChild } from './pds/client.ts'

/**
 * The built app as people run it: the relay's own process with a data folder of its own, on a free port.
 * Port and folder survive restarts.
 */
export interface AppServer {
  /** without a slash at the end */
  readonly url: string
  /** Nothing answers at the URL any more. */
  stop(): Promise<void>
  /** The same without a word to anyone, as when the machine fails. */
  kill(): Promise<void>
  /** Answers again, at the same URL. */
  start(): Promise<void>
  /** Gives the stopped relay a new key: another relay at the same address. */
  forgetIdentity(): Promise<void>
  /** peer id and multiaddrs, as anyone is told */
  describe(): Promise<{ readonly peerId: string; readonly multiaddrs: readonly string[] }>
  /** Stops it for good and deletes its data. */
  close(): Promise<void>
}

/** @param flags options of `cairn serve` besides the port and the data folder */
export async function startApp(flags: readonly string[] = []): Promise<AppServer> {
  if (!existsSync(join(ROOT, 'dist/index.html')))
    throw new Error('The app is not built: run `npm run build` first.')
  const data = await mkdtemp(join(tmpdir(), 'cairn-relay-'))
  const spawnRelay = (port: number) =>
    spawn(NODE, [join(ROOT, 'src/relay/main.ts'), '--data', data, '--log', 'error', ...flags], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, PORT: String(port), HOST: '127.0.0.1', CAIRN_TOKEN: '' },
    })
  let child = spawnRelay(0)
  const url = (await firstLine(child, /^https?:/)).replace(/\/$/, '')
  const { port } = new URL(url)
  return {
    url,
    stop: () => stopChild(child),
    kill: () => stopChild(child, 'SIGKILL'),
    async start() {
      if (child.exitCode === null && child.signalCode === null) return
      child = spawnRelay(Number(port))
      await firstLine(child, /^https?:/)
    },
    forgetIdentity: () => rm(join(data, IDENTITY_FILE)),
    async describe() {
      const response = await fetch(`${url}/relay.json`)
      // what the relay's `RelayDescription` says
      return (await response.json()) as { peerId: string; multiaddrs: string[] }
    },
    async close() {
      await stopChild(child)
      await rm(data, { recursive: true, force: true })
    },
  }
}
