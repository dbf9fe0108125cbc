import { useSearch } from 'wouter/use-browser-location'

/** One parameter of the address, so that what is looked at can be linked and reloaded. */
export function useSearchParam(name: string): string | undefined {
  return new URLSearchParams(useSearch()).get(name) ?? undefined
}
