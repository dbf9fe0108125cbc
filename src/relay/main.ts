import { UsageError } from './cli/errors.ts'
import { serve } from './cli/serve.ts'
import { readServeArgs } from './cli/serve-args.ts'

/** What `npm start` runs: `cairn serve`, see `cli/serve-args.ts`. */
try {
  await serve(readServeArgs(process.argv.slice(2), process.env, process.cwd()))
} catch (error) {
  if (!(error instanceof UsageError)) throw error
  console.error(error.sentence)
  process.exit(1)
}
