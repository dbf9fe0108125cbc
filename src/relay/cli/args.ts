import { parseArgs } from 'node:util'
import { UsageError } from './errors.ts'

export type Command =
  | { readonly name: 'help' }
  | {
      readonly name: 'inspect' | 'verify'
      readonly file: string
      readonly didDoc: string | undefined
      readonly plcLog: string | undefined
      readonly json: boolean
    }
  | { readonly name: 'export'; readonly file: string; readonly out: string | undefined }

const OPTIONS = {
  'did-doc': { type: 'string' },
  'plc-log': { type: 'string' },
  json: { type: 'boolean' },
  to: { type: 'string' },
  out: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const

/** Which options each command takes. */
const TAKES: Readonly<Record<string, readonly string[]>> = {
  inspect: ['did-doc', 'plc-log', 'json'],
  verify: ['did-doc', 'plc-log', 'json'],
  export: ['to', 'out'],
}

/** Reads the arguments after the program's name. Throws `cli.usage`. */
export function readArgs(args: readonly string[]): Command {
  const { values, positionals } = parse(args)
  const [name, file, ...more] = positionals
  if (values.help === true || name === 'help') return { name: 'help' }
  if (name === undefined) throw usage('Say what to do: inspect, verify or export.')
  const takes = TAKES[name]
  if (takes === undefined) throw usage(`There is no command "${name}".`)
  if (file === undefined) throw usage(`Which file? cairn ${name} FILE`)
  if (more.length > 0) throw usage(`One file at a time: what is "${more[0] ?? ''}"?`)
  for (const option of Object.keys(values)) {
    if (!takes.includes(option)) throw usage(`cairn ${name} takes no --${option}.`)
  }
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

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true })
  } catch (error) {
    throw usage(error instanceof Error ? (error.message.split('. ')[0] ?? '') : 'The arguments make no sense')
  }
}

const usage = (sentence: string): UsageError => new UsageError('cli.usage', sentence)
