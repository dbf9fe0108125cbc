import { CairnError } from '../../core/errors.ts'

/**
 * Every code of being signed in. Fields are listed beside each; all are structured-clonable. What goes wrong on
 * the way to a server has the codes of `PdsError`.
 *
 * | code | fields |
 * |---|---|
 * | `account.not-signed-in` | `did` |
 * | `account.expired` | `did`, `handle`: the server ended the session, or it can no longer be opened here |
 * | `account.elsewhere` | `did`, `host` (with which the session is), `home` (where the account is by now) |
 * | `account.scope` | `did`, `handle`, `need` (a {@link Need}, where it is one), `missing` (scopes, spaces between) |
 * | `account.denied` | `host`: the person said no on the server's page |
 * | `account.no-oauth` | `host`: this server has no such page, or not one that can be used |
 * | `account.no-client` | `app`: the address of the app is none that servers accept |
 * | `account.attempt-unknown` | none: an answer to no question, or to one that was answered or is too old |
 * | `account.wrong-account` | `did` (asked for), `found` |
 * | `account.not-its-server` | `host`: the server that answered is not where the account says it is |
 * | `account.password-wrong` | `host` |
 * | `account.code-needed` | `host`: the server has sent a code by mail; `again`: the one that was given is wrong |
 * | `account.clock` | `host`: the server finds this device's clock wrong |
 * | `account.refused` | `host`, `error`, `message` |
 */
export type AccountErrorCode =
  | 'account.not-signed-in'
  | 'account.expired'
  | 'account.elsewhere'
  | 'account.scope'
  | 'account.denied'
  | 'account.no-oauth'
  | 'account.no-client'
  | 'account.attempt-unknown'
  | 'account.wrong-account'
  | 'account.not-its-server'
  | 'account.password-wrong'
  | 'account.code-needed'
  | 'account.clock'
  | 'account.refused'

/** Raised by everything that signs in, stays signed in, or signs out. */
export class AccountError extends CairnError {
  constructor(code: AccountErrorCode, fields: Record<string, unknown> = {}, options?: ErrorOptions) {
    super(code, fields, options)
  }
}
