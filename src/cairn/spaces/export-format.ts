import * as v from 'valibot'

/** How an exported space is laid out in its zip (docs/space-content.md, "Export"). */
export const EXPORT_TYPE = 'cairn-space'
export const EXPORT_VERSION = 1
export const MAIN = 'space.json'

/** What stands in `space.json` beside `content`, which `importEdits` reads. */
export const manifestShape = v.object({
  type: v.literal(EXPORT_TYPE),
  version: v.number(),
  title: v.string(),
  /** where the text of each note is: as Markdown, and as the tree that is imported again */
  notes: v.array(v.object({ id: v.string(), text: v.string(), tree: v.string() })),
  /** where each file is, and its bytes; one of another size was cut off */
  files: v.array(v.object({ id: v.string(), path: v.string(), size: v.number() })),
  content: v.unknown(),
})

/** Most files in an archive: without numbers above 32 bits the format counts to 65,535. */
export const MAX_FILES = 65_000
