import { type Command, readArgs } from './cli/args.ts'
import { UsageError } from './cli/errors.ts'
import { HELP } from './cli/help.ts'
import { createOutFile, endWhenUnread, print } from './cli/output.ts'
import { describeReport, type Report } from './cli/report.ts'

/**
 * The command line: see `cli/help.ts`. Exit status 0 sound, 1 refused, 2 wrong usage. Each command loads what it needs:
 * a server with all its network is nothing to wait for when a file is looked at.
 */

async function run(command: Command): Promise<number> {
  if (command.name === 'help') {
    await print(HELP)
    return 0
  }
  if (command.name === 'export') return exportTo(command.file, command.out)
  if (command.name === 'keep') {
    const { keep } = await import('./cli/keep.ts')
    return keep(command)
  }
  if (command.name === 'serve') {
    const { serve } = await import('./cli/serve.ts')
    await serve(command)
    return 0
  }
  if (command.name === 'pack') {
    const { showPack } = await import('./cli/pack.ts')
    const { ok, text } = showPack(command.file, command.json)
    await print(text)
    return ok ? 0 : 1
  }
  const { inspectFile } = await import('./cli/inspect.ts')
  const report = await inspectFile(command.file, command.didDoc, command.plcLog)
  await print(command.json ? `${JSON.stringify(report)}\n` : describeReport(command.file, report))
  // `verify` has a document, so a signature that is not valid is a problem of its own; this holds regardless.
  const wanted = command.name === 'inspect' || report.signature === 'valid'
  return report.ok && wanted ? 0 : 1
}

async function exportTo(file: string, out: string | undefined): Promise<number> {
  const { exportFile } = await import('./cli/export.ts')
  if (out === undefined) return refuse(file, await exportFile(file, print))
  const target = createOutFile(out)
  let whole = false
  try {
    const report = await exportFile(file, target.write)
    whole = report.ok
    return refuse(file, report)
  } finally {
    target.end(whole)
  }
}

function refuse(file: string, report: Report): number {
  if (!report.ok) process.stderr.write(describeReport(file, report))
  return report.ok ? 0 : 1
}

endWhenUnread()
try {
  process.exitCode = await run(readArgs(process.argv.slice(2), process.env, process.cwd()))
} catch (error) {
  if (!(error instanceof UsageError)) throw error
  process.stderr.write(`${error.sentence}\n`)
  if (error.code === 'cli.usage') process.stderr.write('\ncairn --help says how it is used.\n')
  process.exitCode = 2
}
