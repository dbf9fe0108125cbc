import type { BrowserContext, Page } from '@playwright/test'
import { expect } from './fixtures.ts'

/** What a person does on the page of a real PDS, which a sign-in has led to. All accounts of these tests have one password. */
export async function consent(
  page: Page,
  { allow = true, password = 'password' }: { allow?: boolean; password?: string } = {},
): Promise<void> {
  await page.waitForURL(/\/oauth\/authorize/)
  await page.getByRole('textbox', { name: 'Password' }).fill(password)
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
  await page.getByRole('button', { name: allow ? 'Authorize' : 'Deny access' }).click()
  await page.waitForURL(/\/oauth\/callback|\/settings|\/repo\//)
}

/** Signs in on the page of the account's server, from Settings, and waits until that is shown there. */
export async function signInOnPage(page: Page, app: string, account: { handle: string }): Promise<void> {
  await page.goto(`${app}/settings`)
  const accounts = page.getByRole('region', { name: 'Accounts' })
  const another = accounts.getByRole('button', { name: 'Sign in to another account' })
  const field = accounts.getByRole('textbox', { name: 'Your handle' })
  await expect(another.or(field)).toBeVisible()
  if (await another.isVisible()) await another.click()
  await field.fill(account.handle)
  await accounts.getByRole('button', { name: 'Sign in', exact: true }).click()
  await consent(page)
  await expect(accounts.getByRole('listitem').filter({ hasText: `@${account.handle}` })).toContainText(
    'Signed in on the page of',
  )
}

export interface Seen {
  /** whatever opens a session, as it was sent to this browser */
  readonly refresh: string
  readonly access: string
  /** as whom the app asked; undefined for a session by password */
  readonly clientId: string | undefined
}

/** Every session that servers give this browser from now on, oldest first: what a copy of its traffic would show. */
export async function watchSessions(context: BrowserContext): Promise<readonly Seen[]> {
  const seen: Seen[] = []
  await context.route(/\/oauth\/token$|\.(createSession|refreshSession)$/, async (route) => {
    const request = route.request()
    const response = await route.fetch()
    if (request.method() === 'POST' && response.ok()) {
      const body = (await response.json()) as Record<string, string>
      seen.push({
        refresh: body['refresh_token'] ?? body['refreshJwt'] ?? '',
        access: body['access_token'] ?? body['accessJwt'] ?? '',
        clientId: new URLSearchParams(request.postData() ?? '').get('client_id') ?? undefined,
      })
    }
    await route.fulfill({ response })
  })
  return seen
}

/** Keeps the key that an account's tokens are bound to where a script of this page can use it, sign-out or not. */
export const keepKey = (page: Page, did: string): Promise<void> =>
  page.evaluate(async (account) => {
    const db = await promised(indexedDB.open('cairn'))
    const row: unknown = await promised(db.transaction('accounts').objectStore('accounts').get(account))
    db.close()
    Object.assign(globalThis, { keptRow: row })

    function promised<T>(request: IDBRequest<T>): Promise<T> {
      return new Promise((resolve, reject) => {
        request.onsuccess = () => resolve(request.result)
        request.onerror = () => reject(request.error)
      })
    }
  }, did)

/** Whether the key that was kept can be read out. */
export const keyIsReadable = (page: Page): Promise<boolean> =>
  page.evaluate(async () => {
    const { key } = (globalThis as unknown as { keptRow: { key: CryptoKeyPair } }).keptRow
    return crypto.subtle.exportKey('jwk', key.privateKey).then(
      () => true,
      () => false,
    )
  })

/** Tries to renew a session at its server with the kept key, as a thief in the page would: what the server says. */
export const renew = (page: Page, pds: string, { refresh, clientId }: Seen): Promise<string> =>
  page.evaluate(
    async ({ url, token, client }) => {
      const { key } = (globalThis as unknown as { keptRow: { key: CryptoKeyPair } }).keptRow
      const { kty, crv, x, y } = await crypto.subtle.exportKey('jwk', key.publicKey)
      const text = (value: object) => encode(new TextEncoder().encode(JSON.stringify(value)))
      const ask = async (nonce: string | null): Promise<Response> => {
        const claims = {
          jti: crypto.randomUUID(),
          htm: 'POST',
          htu: url,
          iat: Math.floor(Date.now() / 1000),
          ...(nonce === null ? {} : { nonce }),
        }
        const signed = `${text({ typ: 'dpop+jwt', alg: 'ES256', jwk: { kty, crv, x, y } })}.${text(claims)}`
        const signature = await crypto.subtle.sign(
          { name: 'ECDSA', hash: 'SHA-256' },
          key.privateKey,
          new TextEncoder().encode(signed),
        )
        return fetch(url, {
          method: 'POST',
          headers: { dpop: `${signed}.${encode(new Uint8Array(signature))}` },
          body: new URLSearchParams({ grant_type: 'refresh_token', refresh_token: token, client_id: client }),
        })
      }
      const first = await ask(null)
      const answer = await ask(first.headers.get('dpop-nonce'))
      const body = (await answer.json()) as { error?: string }
      return answer.ok ? 'renewed' : (body.error ?? String(answer.status))

      function encode(bytes: Uint8Array): string {
        return btoa(String.fromCharCode(...bytes))
          .replaceAll('+', '-')
          .replaceAll('/', '_')
          .replaceAll('=', '')
      }
    },
    { url: `${pds}/oauth/token`, token: refresh, client: clientId ?? '' },
  )
