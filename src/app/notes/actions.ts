import type { Editor } from '@tiptap/core'
import {
  Bold,
  Code,
  Heading1,
  Heading2,
  Heading3,
  Italic,
  Link,
  List,
  ListOrdered,
  type LucideIcon,
  Minus,
  Quote,
  Redo2,
  SquareCode,
  Strikethrough,
  Undo2,
} from 'lucide-react'

export interface NoteAction {
  readonly name: string
  readonly label: string
  readonly icon: LucideIcon
  /** as `aria-keyshortcuts` has it, with Control, which stands for Meta on a Mac */
  readonly keys?: string
  readonly isOn?: (editor: Editor) => boolean
  readonly canRun?: (editor: Editor) => boolean
  readonly run: (editor: Editor) => void
}

const heading = (level: 1 | 2 | 3, icon: LucideIcon): NoteAction => ({
  name: `heading${level}`,
  label: `Heading ${level}`,
  icon,
  keys: `Control+Alt+${level}`,
  isOn: (editor) => editor.isActive('heading', { level }),
  run: (editor) => editor.chain().focus().toggleHeading({ level }).run(),
})

/** What the toolbar offers, in groups. `link` is opened by the toolbar itself. */
export const NOTE_ACTIONS: readonly (readonly NoteAction[])[] = [
  [
    {
      name: 'bold',
      label: 'Bold',
      icon: Bold,
      keys: 'Control+B',
      isOn: (editor) => editor.isActive('bold'),
      run: (editor) => editor.chain().focus().toggleBold().run(),
    },
    {
      name: 'italic',
      label: 'Italic',
      icon: Italic,
      keys: 'Control+I',
      isOn: (editor) => editor.isActive('italic'),
      run: (editor) => editor.chain().focus().toggleItalic().run(),
    },
    {
      name: 'strike',
      label: 'Struck through',
      icon: Strikethrough,
      keys: 'Control+Shift+S',
      isOn: (editor) => editor.isActive('strike'),
      run: (editor) => editor.chain().focus().toggleStrike().run(),
    },
    {
      name: 'code',
      label: 'Code in a line',
      icon: Code,
      keys: 'Control+E',
      isOn: (editor) => editor.isActive('code'),
      run: (editor) => editor.chain().focus().toggleCode().run(),
    },
    { name: 'link', label: 'Link', icon: Link, isOn: (editor) => editor.isActive('link'), run: () => {} },
  ],
  [heading(1, Heading1), heading(2, Heading2), heading(3, Heading3)],
  [
    {
      name: 'bulletList',
      label: 'List',
      icon: List,
      keys: 'Control+Shift+8',
      isOn: (editor) => editor.isActive('bulletList'),
      run: (editor) => editor.chain().focus().toggleBulletList().run(),
    },
    {
      name: 'orderedList',
      label: 'Numbered list',
      icon: ListOrdered,
      keys: 'Control+Shift+7',
      isOn: (editor) => editor.isActive('orderedList'),
      run: (editor) => editor.chain().focus().toggleOrderedList().run(),
    },
    {
      name: 'blockquote',
      label: 'Quote',
      icon: Quote,
      keys: 'Control+Shift+B',
      isOn: (editor) => editor.isActive('blockquote'),
      run: (editor) => editor.chain().focus().toggleBlockquote().run(),
    },
    {
      name: 'codeBlock',
      label: 'Block of code',
      icon: SquareCode,
      keys: 'Control+Alt+C',
      isOn: (editor) => editor.isActive('codeBlock'),
      run: (editor) => editor.chain().focus().toggleCodeBlock().run(),
    },
    {
      name: 'rule',
      label: 'Line across',
      icon: Minus,
      run: (editor) => editor.chain().focus().setHorizontalRule().run(),
    },
  ],
  [
    {
      name: 'undo',
      label: 'Undo what you typed',
      icon: Undo2,
      keys: 'Control+Z',
      canRun: (editor) => editor.can().undo(),
      run: (editor) => editor.chain().focus().undo().run(),
    },
    {
      name: 'redo',
      label: 'Redo',
      icon: Redo2,
      keys: 'Control+Shift+Z',
      canRun: (editor) => editor.can().redo(),
      run: (editor) => editor.chain().focus().redo().run(),
    },
  ],
]

/** Names of what is on, and of what can be done, as one text: the same text where nothing has changed. */
export function readActions(editor: Editor): string {
  return NOTE_ACTIONS.flat()
    .flatMap(({ name, isOn, canRun }) => [
      ...(isOn?.(editor) === true ? [`on:${name}`] : []),
      ...(canRun === undefined || canRun(editor) ? [`can:${name}`] : []),
    ])
    .join(' ')
}
