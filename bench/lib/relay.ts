import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Account } from './account.ts'
import type { ProbeAnswers, ProbeQuestion } from './relay-probe.ts'

const SOURCE = join(import.meta.dirname, '..', '..', 'src', 'relay')
const urlOf = (name: string): string => pathToFileURL(join(import.meta.dirname, name)).href
const PROBE = urlOf('relay-probe.ts')
const GZIPPED_CAR = urlOf('gzipped-car.ts')

export interface RelayAddress {
  readonly peerId: string
  readonly multiaddrs: readonly string[]
}

/** A relay in a process of its own. */
export interface RelayProcess extends RelayAddress {
  /** `http://127.0.0.1:port` */
  readonly origin: string
  ask<Q extends ProbeQuestion>(question: Q): Promise<ProbeAnswers[Q]>
  /** Ends it and takes its data away. */
  stop(): Promise<void>
}

export interface StartRelay {
  /** whose repo its store keeps */
  readonly account?: Account
  readonly limits?: Readonly<Record<string, number>>
  /** it gzips a CAR over libp2p, as the product's does not */
  readonly gzippedCar?: boolean
}

/** Starts the product's relay. */
export async function startRelay(options: StartRelay = {}): Promise<RelayProcess> {
  const data = mkdtempSync(join(tmpdir(), 'cairn-bench-relay-'))
  if (options.account !== undefined) keep(options.account, data)
  const limits = Object.entries(options.limits ?? {}).flatMap(([name, value]) => [
    '--limit',
    `${name}=${value}`,
  ])
  const child = spawn(
    process.execPath,
    [
      ...['--expose-gc', '--import', PROBE],
      ...(options.gzippedCar === true ? ['--import', GZIPPED_CAR] : []),
      join(SOURCE, 'main.ts'),
      ...[
        '--port',
        '0',
        '--host',
        '127.0.0.1',
        '--data',
        data,
        '--no-app',
        '--stun',
        'none',
        '--log',
        'warn',
      ],
      ...limits,
    ],
    { stdio: ['ignore', 'pipe', 'inherit', 'ipc'] },
  )
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout?.once('data', (line: Buffer) => resolve(String(line).trim()))
    child.once('exit', (code) => reject(new Error(`the relay ended with ${code}`)))
  })
  const origin = `http://127.0.0.1:${new URL(url).port}`
  // what the relay says of itself
  const { peerId, multiaddrs } = (await (await fetch(`${origin}/relay.json`)).json()) as RelayAddress
  return {
    origin,
    peerId,
    multiaddrs,
    ask: asking(child),
    async stop() {
      const ended = new Promise((resolve) => child.once('exit', resolve))
      child.kill('SIGTERM')
      const late = setTimeout(() => child.kill('SIGKILL'), 10_000)
      await ended
      clearTimeout(late)
      rmSync(data, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

/** Puts a repo into a store by the product's own command. */
function keep(account: Account, data: string): void {
  const identity = join(data, 'identity.json')
  writeFileSync(identity, JSON.stringify({ document: account.document, plcLog: account.plcLog }))
  execFileSync(
    process.execPath,
    [
      join(SOURCE, 'cli.ts'),
      'keep',
      account.file,
      '--did-doc',
      identity,
      '--data',
      data,
      '--allow-local',
      '--plc',
      'http://127.0.0.1:9',
    ],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  )
}

/** Questions to a child process that answers each under its id. */
export function asking(child: ChildProcess): RelayProcess['ask'] {
  const waiting = new Map<number, (value: unknown) => void>()
  let count = 0
  child.on('message', (message) => {
    // only our own code in the child sends
    const { id, value } = message as { id: number; value: unknown }
    waiting.get(id)?.(value)
    waiting.delete(id)
  })
  return (question) =>
    new Promise((resolve) => {
      const id = count++
      // the probe answers each question with what belongs to it
      waiting.set(id, resolve as (value: unknown) => void)
      child.send({ id, question })
    })
}
