import { fileURLToPath } from 'node:url'
import { hasCode } from '../../core/errors.ts'
import { isFetched } from '../../pds/account/client.ts'
import { createLog, errorFields } from '../http/log.ts'
import type { Log } from '../http/log.ts'
import { reachOf } from '../http/origin.ts'
import type { Relay } from '../options.ts'
import { createRelay } from '../serve.ts'
import { UsageError } from './errors.ts'
import type { ServeCommand } from './serve-args.ts'

/**
 * Runs the node until a signal ends it. Prints one line to standard output, the URL; all else goes to
 * standard error as lines of JSON. `SIGHUP` reads the TLS files again. A second signal ends it at once.
 *
 * Throws `cli.usage` for what the person can put right.
 */
export async function serve(command: ServeCommand): Promise<void> {
  const { app, logLevel, ...options } = command
  const dist = fileURLToPath(new URL('../../../dist', import.meta.url))
  const log = createLog({
    level: logLevel,
    write: (line) => process.stderr.write(line),
    now: Date.now,
  })
  const relay = await start({ ...options, ...(app ? { dist } : {}), log })
  console.log(relay.url)
  warn(relay, command, log)

  // A stream that breaks in the midst of some library's work must not end the relay for all others.
  process.on('unhandledRejection', (error) => log('error', 'relay.unhandled', errorFields(error)))

  let stopping = false
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (stopping) process.exit(1)
      stopping = true
      void relay.close().then(
        () => process.exit(0),
        (error: unknown) => {
          log('error', 'relay.stop-failed', errorFields(error))
          process.exit(1)
        },
      )
    })
  }
  process.on('SIGHUP', () => {
    void relay.reloadTls().then(
      () => log('info', 'tls.reloaded'),
      (error: unknown) => log('error', 'tls.reload-failed', errorFields(error)),
    )
  })
}

async function start(options: Parameters<typeof createRelay>[0]): Promise<Relay> {
  try {
    return await createRelay(options)
  } catch (error) {
    const { port, host } = options
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'EADDRINUSE') {
      throw wrong(
        `Port ${port} is already in use. Stop the program that uses it, or choose another: --port ${port + 1}`,
      )
    }
    if (code === 'EACCES')
      throw wrong(`Port ${port} needs more rights than this user has. Choose one above 1023.`)
    if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
      throw wrong(`${host} is no address of this machine.`)
    if (hasCode(error, 'storage.blocked')) {
      throw wrong(
        `Another Cairn uses the data folder ${options.dataDir ?? ''}. Choose another: --data FOLDER`,
      )
    }
    if (hasCode(error, 'relay.identity-unreadable')) {
      throw wrong(
        `${String(error.fields['file'])} holds no key. Put back a copy of it, or take it away for a new identity.`,
      )
    }
    throw error
  }
}

/** An address that was opened to a network and does not work there is worth a word. */
function warn(relay: Relay, command: ServeCommand, log: Log): void {
  const reach = reachOf(new URL(relay.url))
  const open = command.publicUrl !== undefined || command.host !== '127.0.0.1'
  if (open && command.publicUrl === undefined && reach === 'this-device') {
    log('warn', 'relay.no-public-url', {
      hint: 'Others need --public-url https://… : browsers give pages from an http address of another machine no storage.',
    })
  }
  if (command.publicUrl?.protocol === 'https:' && command.app && !isFetched(command.publicUrl)) {
    log('warn', 'relay.no-sign-in-page', {
      hint: 'People cannot sign in on their servers’ pages: these ask https at port 443 of a public name of its own what the app is. App passwords work.',
    })
  }
  if (reach === 'insecure') {
    log('warn', 'relay.insecure-url', {
      hint: 'Browsers give pages from an http address of another machine no storage. Use https: --tls-cert and --tls-key, or a proxy.',
    })
  }
}

const wrong = (sentence: string): UsageError => new UsageError('cli.usage', sentence)
