/** Three different places among `count`, ascending. `pick` gives a whole number below its argument. */
export function pickThree(count: number, pick: (below: number) => number): readonly number[] {
  const places = Array.from({ length: count }, (_, index) => index)
  const taken: number[] = []
  while (taken.length < Math.min(3, count)) {
    const [place] = places.splice(pick(places.length), 1)
    if (place !== undefined) taken.push(place)
  }
  return taken.sort((a, b) => a - b)
}

/** As it was meant, whatever the keyboard made of it. */
export const wordsMatch = (typed: string, word: string): boolean =>
  word !== '' && typed.trim().toLowerCase() === word
