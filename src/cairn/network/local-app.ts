/** Whether the app was loaded from this machine: such pages may use relays on it. */
export const isLocalApp = (app: string): boolean =>
  ['localhost', '127.0.0.1', '[::1]'].includes(new URL(app).hostname)
