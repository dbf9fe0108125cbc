import { fileURLToPath } from 'node:url'
import { createRelay } from './serve.ts'
import type { Relay } from './serve.ts'

/**
 * Runs the node: `PORT` (default 4680) and `HOST` (default 127.0.0.1, this machine only; 0.0.0.0 for
 * every network it is on). Prints one line to standard output, the URL; all else goes to standard error.
 */

const defaultPort = 4680

function readPort(text: string | undefined): number {
  if (text === undefined || text === '') return defaultPort
  const port = Number(text)
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    fail(`PORT must be a number from 0 to 65535, not "${text}".`)
  return port
}

function fail(sentence: string): never {
  console.error(sentence)
  process.exit(1)
}

const host = process.env['HOST'] || '127.0.0.1'
const port = readPort(process.env['PORT'])
const dist = fileURLToPath(new URL('../../dist', import.meta.url))

async function start(): Promise<Relay> {
  try {
    return await createRelay({ port, host, dist })
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'EADDRINUSE') {
      fail(
        `Port ${port} is already in use. Stop the program that uses it, or choose another: PORT=${port + 1} npm start`,
      )
    }
    if (code === 'EACCES') fail(`Port ${port} needs more rights than this user has. Choose one above 1023.`)
    if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') fail(`HOST ${host} is no address of this machine.`)
    throw error
  }
}

const relay = await start()
console.log(relay.url)

let stopping = false
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    // A second signal means: now.
    if (stopping) process.exit(1)
    stopping = true
    void relay.close().then(() => process.exit(0))
  })
}
