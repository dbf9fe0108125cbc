import { spawn } from 'node:child_process'
import { join } from 'node:path'

export interface RivalServer {
  readonly origin: string
  /** what its members open */
  readonly document: string
  stop(): Promise<void>
}

/** Starts a rival's server in a process of its own; `base` is where it finds what it begins with. */
export async function startRivalServer(name: 'yjs' | 'automerge', base: string): Promise<RivalServer> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'rival-servers.ts'), name, base], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const line = await new Promise<string>((resolve, reject) => {
    child.stdout.once('data', (data: Buffer) => resolve(String(data)))
    child.once('exit', (code) => reject(new Error(`the server of ${name} ended with ${code}`)))
  })
  // written by that process
  const { port, document } = JSON.parse(line) as { port: number; document: string }
  return {
    origin: `http://127.0.0.1:${port}`,
    document,
    async stop() {
      const ended = new Promise((resolve) => child.once('exit', resolve))
      child.kill()
      await ended
    },
  }
}
