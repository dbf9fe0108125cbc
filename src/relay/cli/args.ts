import { parseArgs } from 'node:util'
import { dataFolder } from '../data-folder.ts'
import { parseBytes } from './bytes.ts'
import { UsageError } from './errors.ts'
import { readServeArgs } from './serve-args.ts'
import type { ServeCommand } from './serve-args.ts'

type Env = Readonly<Record<string, string | undefined>>

export type Command =
  | { readonly name: 'help' }
  | {
      readonly name: 'inspect' | 'verify'
      readonly file: string
      readonly didDoc: string | undefined
      readonly plcLog: string | undefined
      readonly json: boolean
    }
  | { readonly name: 'pack'; readonly file: string; readonly json: boolean }
  | { readonly name: 'export'; readonly file: string; readonly out: string | undefined }
  | KeepCommand
  | ServeCommand

export interface KeepCommand {
  readonly name: 'keep'
  /** a CAR file, or a handle or DID */
  readonly what: string
  readonly didDoc: string | undefined
  readonly plcLog: string | undefined
  readonly dataDir: string
  readonly storeLimit: number | undefined
  readonly allowLocal: boolean
  readonly plc: string | undefined
}

const OPTIONS = {
  'did-doc': { type: 'string' },
  'plc-log': { type: 'string' },
  json: { type: 'boolean' },
  to: { type: 'string' },
  out: { type: 'string' },
  data: { type: 'string' },
  'store-limit': { type: 'string' },
  'allow-local': { type: 'boolean' },
  plc: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const

/** Which options each command takes. */
const TAKES: Readonly<Record<string, readonly string[]>> = {
  inspect: ['did-doc', 'plc-log', 'json'],
  verify: ['did-doc', 'plc-log', 'json'],
  export: ['to', 'out'],
  pack: ['json'],
  keep: ['did-doc', 'plc-log', 'data', 'store-limit', 'allow-local', 'plc'],
}

/** Reads the arguments after the program's name; folders are relative to `cwd`. Throws `cli.usage`. */
export function readArgs(args: readonly string[], env: Env = {}, cwd = '.'): Command {
  // Its options are its own, and more than a file's.
  if (args[0] === 'serve' && !args.includes('--help') && !args.includes('-h')) {
    return readServeArgs(args.slice(1), env, cwd)
  }
  const { values, positionals } = parse(args)
  const [name, file, ...more] = positionals
  if (values.help === true || name === 'help') return { name: 'help' }
  if (name === undefined) throw usage('Say what to do: inspect, verify, export, pack, keep or serve.')
  const takes = TAKES[name]
  if (takes === undefined) throw usage(`There is no command "${name}".`)
  if (file === undefined) throw usage(`Which file? cairn ${name} FILE`)
  if (more.length > 0) throw usage(`One file at a time: what is "${more[0] ?? ''}"?`)
  for (const option of Object.keys(values)) {
    if (!takes.includes(option)) throw usage(`cairn ${name} takes no --${option}.`)
  }
  if (name === 'keep') return readKeep(file, values, env, cwd)
  if (name === 'pack') return { name, file, json: values.json === true }
  if (name === 'export') {
    if (values.to === undefined) throw usage('Export to what? --to jsonl')
    if (values.to !== 'jsonl') throw usage(`There is no format "${values.to}"; there is jsonl.`)
    return { name, file, out: values.out }
  }
  const didDoc = values['did-doc']
  const plcLog = values['plc-log']
  if (name === 'verify' && didDoc === undefined) {
    throw usage("To check the signature the account's identity document is needed: --did-doc FILE")
  }
  if (plcLog !== undefined && didDoc === undefined) throw usage('--plc-log goes with --did-doc.')
  return { name: name === 'verify' ? 'verify' : 'inspect', file, didDoc, plcLog, json: values.json === true }
}

function readKeep(
  what: string,
  values: ReturnType<typeof parse>['values'],
  env: Env,
  cwd: string,
): KeepCommand {
  const limit = values['store-limit']
  const storeLimit = limit === undefined ? undefined : parseBytes(limit)
  if (limit !== undefined && storeLimit === undefined) {
    throw usage(`--store-limit takes bytes, like 20G, not "${limit}".`)
  }
  const didDoc = values['did-doc']
  const plcLog = values['plc-log']
  if (plcLog !== undefined && didDoc === undefined) throw usage('--plc-log goes with --did-doc.')
  return {
    name: 'keep',
    what,
    didDoc,
    plcLog,
    dataDir: dataFolder(values.data, env, cwd),
    storeLimit,
    allowLocal: values['allow-local'] === true,
    plc: values.plc,
  }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true })
  } catch (error) {
    throw usage(error instanceof Error ? (error.message.split('. ')[0] ?? '') : 'The arguments make no sense')
  }
}

const usage = (sentence: string): UsageError => new UsageError('cli.usage', sentence)
