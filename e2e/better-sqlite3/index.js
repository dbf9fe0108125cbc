'use strict'
/**
 * The part of better-sqlite3's interface that the test PDS uses (through Kysely), over `node:sqlite`.
 * The real package would compile a native addon against whatever Node is installed; this one needs
 * nothing but Node 24.
 *
 * What must hold for Kysely and the PDS: `prepare().reader` tells whether a statement gives rows; a
 * single array argument is the list of parameters; booleans bind as 0 and 1 and `undefined` as NULL;
 * byte columns come back as `Buffer`; errors carry the textual `SQLITE_…` codes that the PDS retries on.
 */
const { DatabaseSync } = require('node:sqlite')

/** Result codes by number: https://www.sqlite.org/rescode.html */
const CODES = {
  1: 'SQLITE_ERROR',
  5: 'SQLITE_BUSY',
  6: 'SQLITE_LOCKED',
  8: 'SQLITE_READONLY',
  10: 'SQLITE_IOERR',
  13: 'SQLITE_FULL',
  14: 'SQLITE_CANTOPEN',
  19: 'SQLITE_CONSTRAINT',
  261: 'SQLITE_BUSY_RECOVERY',
  275: 'SQLITE_CONSTRAINT_CHECK',
  517: 'SQLITE_BUSY_SNAPSHOT',
  773: 'SQLITE_BUSY_TIMEOUT',
  787: 'SQLITE_CONSTRAINT_FOREIGNKEY',
  1299: 'SQLITE_CONSTRAINT_NOTNULL',
  1555: 'SQLITE_CONSTRAINT_PRIMARYKEY',
  2067: 'SQLITE_CONSTRAINT_UNIQUE',
}

class SqliteError extends Error {
  constructor(message, code, options) {
    super(message, options)
    this.name = 'SqliteError'
    this.code = code
  }
}

/** Runs `work` and gives SQLite's own failures the codes that callers of better-sqlite3 look for. */
function coded(work) {
  try {
    return work()
  } catch (error) {
    if (error === null || typeof error !== 'object' || error.code !== 'ERR_SQLITE_ERROR') throw error
    // an extended code unknown here still carries its primary code in the low byte
    const code = CODES[error.errcode] ?? CODES[error.errcode & 0xff] ?? 'SQLITE_ERROR'
    throw new SqliteError(error.message, code, { cause: error })
  }
}

function bindable(value) {
  if (value === undefined) return null
  if (typeof value === 'boolean') return value ? 1 : 0
  return value
}

/** `all([a, b])`, `all(a, b)` and `all({ name })` are all in use. */
function parameters(args) {
  return (args.length === 1 && Array.isArray(args[0]) ? args[0] : args).map(bindable)
}

function withBuffers(row) {
  if (row === undefined) return undefined
  for (const [column, value] of Object.entries(row)) {
    if (value instanceof Uint8Array)
      row[column] = Buffer.from(value.buffer, value.byteOffset, value.byteLength)
  }
  return row
}

class Statement {
  #statement

  constructor(statement) {
    this.#statement = statement
    this.reader = statement.columns().length > 0
  }

  all(...args) {
    return coded(() => this.#statement.all(...parameters(args)).map(withBuffers))
  }

  get(...args) {
    return coded(() => withBuffers(this.#statement.get(...parameters(args))))
  }

  run(...args) {
    return coded(() => this.#statement.run(...parameters(args)))
  }

  *iterate(...args) {
    const rows = coded(() => this.#statement.iterate(...parameters(args)))
    for (;;) {
      const next = coded(() => rows.next())
      if (next.done) return
      yield withBuffers(next.value)
    }
  }
}

class Database {
  #database

  constructor(path, options = {}) {
    this.#database = coded(() => new DatabaseSync(path, { timeout: options.timeout ?? 5000 }))
    this.name = path
    this.open = true
  }

  prepare(sql) {
    return coded(() => new Statement(this.#database.prepare(sql)))
  }

  exec(sql) {
    coded(() => this.#database.exec(sql))
    return this
  }

  pragma(text, options = {}) {
    const rows = this.prepare(`PRAGMA ${text}`).all()
    return options.simple ? Object.values(rows[0] ?? {})[0] : rows
  }

  transaction(work) {
    return (...args) => {
      this.exec('BEGIN')
      try {
        const result = work(...args)
        this.exec('COMMIT')
        return result
      } catch (error) {
        this.exec('ROLLBACK')
        throw error
      }
    }
  }

  close() {
    if (this.open) this.#database.close()
    this.open = false
    return this
  }
}

module.exports = Database
module.exports.SqliteError = SqliteError
