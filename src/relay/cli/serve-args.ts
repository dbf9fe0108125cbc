import { parseArgs } from 'node:util'
import { dataFolder } from '../data-folder.ts'
import { createProxies } from '../http/client-address.ts'
import { LOG_LEVELS } from '../http/log.ts'
import type { LogLevel } from '../http/log.ts'
import { isLimitName } from '../limits.ts'
import type { LimitName } from '../limits.ts'
import type { RelayOptions } from '../options.ts'
import { isStunServer, MAX_STUN } from '../../net/node/stun.ts'
import type { Admission } from '../store/model.ts'
import { parseBytes } from './bytes.ts'
import { UsageError } from './errors.ts'

const DEFAULT_PORT = 4680
/** This machine only: nothing is opened to a network that was not asked for. */
const DEFAULT_HOST = '127.0.0.1'

const OPTIONS = {
  port: { type: 'string' },
  host: { type: 'string' },
  data: { type: 'string' },
  'public-url': { type: 'string' },
  peer: { type: 'string', multiple: true },
  'tls-cert': { type: 'string' },
  'tls-key': { type: 'string' },
  admission: { type: 'string' },
  token: { type: 'string', multiple: true },
  allow: { type: 'string', multiple: true },
  'store-limit': { type: 'string' },
  'space-limit': { type: 'string' },
  'no-spaces': { type: 'boolean' },
  stun: { type: 'string', multiple: true },
  limit: { type: 'string', multiple: true },
  'trust-proxy': { type: 'string', multiple: true },
  'allow-local': { type: 'boolean' },
  plc: { type: 'string' },
  'no-app': { type: 'boolean' },
  log: { type: 'string' },
} as const

type Values = ReturnType<typeof parse>['values']
type Env = Readonly<Record<string, string | undefined>>

export interface ServeCommand extends Omit<RelayOptions, 'log' | 'dist'> {
  readonly name: 'serve'
  readonly app: boolean
  readonly logLevel: LogLevel
}

/**
 * Reads the options of `cairn serve`, which are those of `npm start` too. What an option does not say, the
 * environment may: `PORT`, `HOST`, `CAIRN_DATA`, `CAIRN_TOKEN`. Throws `cli.usage`.
 */
export function readServeArgs(args: readonly string[], env: Env, cwd: string): ServeCommand {
  const { values, positionals } = parse(args)
  if (positionals.length > 0)
    throw usage(`What is "${positionals[0] ?? ''}"? cairn serve takes options only.`)
  const publicUrl = readPublicUrl(values['public-url'])
  const tls = readTls(values)
  const storeLimit = readBytesOption('--store-limit', values['store-limit'])
  const spaceLimit = readBytesOption('--space-limit', values['space-limit'])
  return {
    name: 'serve',
    port: readPort(values.port, env),
    host: values.host ?? (env['HOST'] || DEFAULT_HOST),
    dataDir: dataFolder(values.data, env, cwd),
    ...(publicUrl === undefined ? {} : { publicUrl }),
    ...(tls === undefined ? {} : { tls }),
    peers: (values.peer ?? []).map(readPeer),
    admission: readAdmission(values, env),
    ...(storeLimit === undefined ? {} : { storeLimits: { bytes: storeLimit } }),
    ...(spaceLimit === undefined ? {} : { spaceLimits: { bytesPerSpace: spaceLimit } }),
    spaces: values['no-spaces'] !== true,
    ...(values.stun === undefined ? {} : { stun: readStun(values.stun) }),
    limits: Object.fromEntries((values.limit ?? []).map(readLimit)),
    trustedProxies: readProxies(values['trust-proxy'] ?? []),
    allowLocal: values['allow-local'] === true,
    ...(values.plc === undefined ? {} : { plc: readHttpUrl('--plc', values.plc).href.replace(/\/$/, '') }),
    app: values['no-app'] !== true,
    logLevel: readLevel(values.log),
  }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true })
  } catch (error) {
    throw usage(error instanceof Error ? (error.message.split('. ')[0] ?? '') : 'The arguments make no sense')
  }
}

function readPort(option: string | undefined, env: Env): number {
  const name = option === undefined ? 'PORT' : '--port'
  const text = option ?? env['PORT']
  if (text === undefined || text === '') return DEFAULT_PORT
  const port = Number(text)
  if (!/^\d+$/.test(text) || port > 65_535)
    throw usage(`${name} must be a number from 0 to 65535, not "${text}".`)
  return port
}

function readHttpUrl(name: string, text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw usage(`${name} takes an address that begins with https:// or http://, not "${text}".`)
  }
  if (url.username !== '' || url.password !== '') throw usage(`${name} takes an address without a password.`)
  return url
}

function readPublicUrl(text: string | undefined): URL | undefined {
  if (text === undefined) return undefined
  const url = readHttpUrl('--public-url', text)
  if (url.search !== '' || url.hash !== '') throw usage('--public-url takes an address without ? and #.')
  if (!url.pathname.endsWith('/')) url.pathname += '/'
  return url
}

function readTls(values: Values): RelayOptions['tls'] {
  const cert = values['tls-cert']
  const key = values['tls-key']
  if (cert === undefined && key === undefined) return undefined
  if (cert === undefined || key === undefined) throw usage('--tls-cert and --tls-key go together.')
  return { cert, key }
}

function readPeer(text: string): string {
  return text.startsWith('/') ? text : readHttpUrl('--peer', text).href
}

function readAdmission(values: Values, env: Env): Admission {
  // What stands on a command line every user of the machine can read.
  const secret = env['CAIRN_TOKEN'] || undefined
  const wantsTokens = values.admission === undefined || values.admission === 'token'
  const tokens = [...(values.token ?? []), ...(secret !== undefined && wantsTokens ? [secret] : [])]
  const allow = values.allow ?? []
  const mode = values.admission ?? (tokens.length > 0 ? 'token' : allow.length > 0 ? 'allow-list' : 'open')
  if (mode !== 'token' && tokens.length > 0) throw usage('--token goes with --admission token.')
  if (mode !== 'allow-list' && allow.length > 0) throw usage('--allow goes with --admission allow-list.')
  if (mode === 'open') return { mode }
  if (mode === 'token') {
    if (tokens.length === 0) throw usage('Which token? --token TEXT')
    if (tokens.some((token) => token.length < 16)) throw usage('A token needs at least 16 characters.')
    return { mode, tokens }
  }
  if (mode !== 'allow-list') throw usage(`--admission takes open, token or allow-list, not "${mode}".`)
  if (allow.length === 0) throw usage('Whom? --allow DID or --allow PEER-ID')
  const dids = allow.filter((one) => one.startsWith('did:'))
  return { mode, dids, peers: allow.filter((one) => !one.startsWith('did:')) }
}

function readBytesOption(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const bytes = parseBytes(text)
  if (bytes === undefined || bytes === 0) throw usage(`${name} takes bytes, like 20G, not "${text}".`)
  return bytes
}

function readStun(list: readonly string[]): readonly string[] {
  if (list.length === 1 && list[0] === 'none') return []
  const wrong = list.find((one) => !isStunServer(one))
  if (wrong !== undefined) throw usage(`--stun takes stun:HOST:PORT or none, not "${wrong}".`)
  if (list.length > MAX_STUN) throw usage(`--stun can be given ${MAX_STUN} times.`)
  return list
}

function readLimit(text: string): [LimitName, number] {
  const [name = '', value = ''] = text.split('=')
  if (!isLimitName(name)) throw usage(`There is no limit "${name}"; relay.json lists them.`)
  const number = parseBytes(value)
  if (number === undefined || number === 0) throw usage(`--limit ${name}= takes a number above 0.`)
  return [name, number]
}

function readProxies(list: readonly string[]): readonly string[] {
  try {
    createProxies(list)
  } catch (error) {
    throw usage(`--trust-proxy: ${error instanceof Error ? error.message : 'no address'}.`)
  }
  return list
}

function readLevel(text: string | undefined): LogLevel {
  if (text === undefined) return 'info'
  const level = LOG_LEVELS.find((one) => one === text)
  if (level === undefined) throw usage(`--log takes ${LOG_LEVELS.join(', ')}, not "${text}".`)
  return level
}

const usage = (sentence: string): UsageError => new UsageError('cli.usage', sentence)
