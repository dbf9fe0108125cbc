export interface ExportFacts {
  readonly title: string
  /** ms */
  readonly at: number
  readonly by: string
  readonly notes: number
  readonly files: number
  readonly missing: number
  readonly isSealed: boolean
}

/** What lies beside the rest in the archive, for whoever opens it in twenty years. */
export function exportReadme({ title, at, by, notes, files, missing, isSealed }: ExportFacts): string {
  const lines = [
    `The space “${title}”`,
    '',
    `Exported on ${new Date(at).toISOString()}${by === '' ? '' : ` by ${by}`}, with Cairn.`,
    '',
    'What is in here',
    '',
    'space.json',
    '  Posts with replies and reactions, tasks, pins, and the titles and names of all else, each with who made',
    '  it and when. It is text in the format JSON.',
    'members.json',
    '  Who was in the space at that time.',
    ...(notes > 0
      ? [
          'notes/',
          `  ${count(notes, 'note', 'notes')}, as text in the format Markdown. In notes/data each is once more, with all of its`,
          '  form, for Cairn.',
        ]
      : []),
    ...(files > 0 ? ['files/', `  ${count(files, 'file', 'files')}, as they are.`] : []),
    ...(missing > 0
      ? [
          'missing.txt',
          `  ${count(missing, 'file is', 'files are')} not in here, since not all of their content was on the device.`,
        ]
      : []),
    '',
    'What is not in here',
    '',
    'What was deleted or hidden, earlier versions, and keys: nothing here opens the space, or lets anyone in.',
    isSealed
      ? 'The archive was sealed with a passphrase. As you read it now it is sealed no more.'
      : 'Nothing here is encrypted.',
    '',
    'To have it in Cairn again, import the archive under Spaces: that makes a new space with what is in here.',
    '',
  ]
  return lines.join('\r\n')
}

const count = (number: number, one: string, many: string): string => `${number} ${number === 1 ? one : many}`
