/** As long as what a person types may be, in UTF-16 units; the engine refuses what is longer. */
export const MAX_TITLE = 200
export const MAX_NAME = 100
export const MAX_TEXT = 20_000
export const MAX_TASK = 500
export const MAX_ABOUT = 2_000
export const MAX_EMOJI = 32
