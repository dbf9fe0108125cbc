import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { firstLine, NODE, ROOT, stopChild } from './pds/client.ts'

/** The built app as people run it: the relay's own process, on a free port that survives restarts. */
export interface AppServer {
  /** without a slash at the end */
  readonly url: string
  /** Nothing answers at the URL any more. */
  stop(): Promise<void>
  /** Answers again, at the same URL. */
  start(): Promise<void>
}

export async function startApp(): Promise<AppServer> {
  if (!existsSync(join(ROOT, 'dist/index.html')))
    throw new Error('The app is not built: run `npm run build` first.')
  let child = spawnRelay(0)
  const url = (await firstLine(child, /^http:/)).replace(/\/$/, '')
  const { port } = new URL(url)
  return {
    url,
    stop: () => stopChild(child),
    async start() {
      if (child.exitCode === null && child.signalCode === null) return
      child = spawnRelay(Number(port))
      await firstLine(child, /^http:/)
    },
  }
}

function spawnRelay(port: number) {
  return spawn(NODE, [join(ROOT, 'src/relay/main.ts')], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, PORT: String(port), HOST: '127.0.0.1' },
  })
}
