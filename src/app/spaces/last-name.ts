/** The name that was typed last on this page, offered for the next space. Never stored: names belong to spaces. */
let last = ''

export const lastName = (): string => last

export function rememberName(name: string): void {
  last = name.trim()
}
