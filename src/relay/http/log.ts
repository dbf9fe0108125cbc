/** How much is said: each level says what those before it say. */
export const LOG_LEVELS = ['error', 'warn', 'info', 'debug'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

type Fields = Readonly<Record<string, string | number | boolean | null | undefined>>

/** Says that something happened: a stable name, and facts. Nothing secret and no client's address goes in. */
export type Log = (level: LogLevel, event: string, fields?: Fields) => void

/** Writes one JSON object a line: `time` (ISO 8601), `level`, `event`, then the fields. */
export function createLog(options: {
  readonly level: LogLevel
  readonly write: (line: string) => void
  readonly now: () => number
}): Log {
  const most = LOG_LEVELS.indexOf(options.level)
  return (level, event, fields = {}) => {
    if (LOG_LEVELS.indexOf(level) > most) return
    const time = new Date(options.now()).toISOString()
    options.write(`${JSON.stringify({ time, level, event, ...fields })}\n`)
  }
}

/** For callers that want none. */
export const noLog: Log = () => {}

/** An error as fields: its code when it has one, and what it says without the values it carries. */
export function errorFields(error: unknown): Fields {
  if (!(error instanceof Error)) return { error: typeof error }
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined
  return {
    error: code ?? error.name,
    ...(code === undefined ? { message: error.message.slice(0, 300) } : {}),
  }
}
