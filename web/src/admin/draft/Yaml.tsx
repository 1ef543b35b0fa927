import { autocompletion, closeBrackets, completionKeymap } from '@codemirror/autocomplete'
import { defaultKeymap, indentWithTab } from '@codemirror/commands'
import { yaml } from '@codemirror/lang-yaml'
import { bracketMatching, foldGutter, foldKeymap, HighlightStyle, indentOnInput, indentUnit, syntaxHighlighting } from '@codemirror/language'
import { lintGutter, lintKeymap, setDiagnostics } from '@codemirror/lint'
import { highlightSelectionMatches, searchKeymap } from '@codemirror/search'
import { EditorState } from '@codemirror/state'
import { drawSelection, EditorView, highlightActiveLine, keymap, lineNumbers } from '@codemirror/view'
import { tags } from '@lezer/highlight'
import { Text } from '@mantine/core'
import { useLocation } from '@tanstack/react-router'
import { useEffect, useRef } from 'react'

import { nonce } from '../../shell/nonce'
import { text } from '../../text/en/admin'
import { complete } from './complete'
import type { Manuscript } from './manuscript'
import { useDraft, useOutlook, useText } from './state'

const look = EditorView.theme({
  '&': { fontSize: '14px', border: '1px solid var(--shell-line)', borderRadius: '8px', backgroundColor: 'var(--mantine-color-body)', color: 'var(--mantine-color-text)' },
  '&.cm-focused': { outline: '2px solid var(--admin-focus)', outlineOffset: '1px' },
  '.cm-scroller': { fontFamily: 'var(--mantine-font-family-monospace)', height: 'min(70vh, 60rem)', overflow: 'auto' },
  '.cm-content': { caretColor: 'var(--mantine-color-text)' },
  '.cm-gutters': { backgroundColor: 'var(--shell-ground)', color: 'var(--mantine-color-dimmed)', borderRight: '1px solid var(--shell-line)' },
  '.cm-activeLine, .cm-activeLineGutter': { backgroundColor: 'var(--admin-line)' },
  '.cm-cursor': { borderLeftColor: 'var(--mantine-color-text)' },
  '&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground': { backgroundColor: 'var(--admin-selection)' },
  '.cm-tooltip': { backgroundColor: 'var(--mantine-color-body)', color: 'var(--mantine-color-text)', border: '1px solid var(--shell-line)' },
  '.cm-tooltip-autocomplete ul li[aria-selected]': { backgroundColor: 'var(--mantine-primary-color-filled)', color: 'var(--mantine-color-white)' },
  '.cm-completionInfo': { maxWidth: '24rem' },
  '.cm-panels': { backgroundColor: 'var(--shell-ground)', color: 'var(--mantine-color-text)' },
})

const colours = HighlightStyle.define([
  { tag: [tags.definition(tags.propertyName), tags.propertyName], color: 'var(--admin-key)' },
  { tag: [tags.string, tags.content], color: 'var(--admin-value)' },
  { tag: tags.comment, color: 'var(--mantine-color-dimmed)', fontStyle: 'italic' },
])

/** The draft as YAML text; what is wrong stands at its line. */
export function Yaml() {
  const { manuscript } = useDraft()
  const now = useText()
  const { troubles } = useOutlook()
  const { hash } = useLocation()
  const frame = useRef<HTMLDivElement>(null)
  const view = useRef<EditorView>(null)

  useEffect(() => {
    const editor = new EditorView({ parent: frame.current!, state: stateOf(manuscript) })
    view.current = editor
    return () => {
      editor.destroy()
      view.current = null
    }
  }, [manuscript])

  // What other views or undoing changed is put in where it differs, so that the cursor stays.
  useEffect(() => {
    const editor = view.current
    if (!editor) return
    const change = difference(editor.state.doc.toString(), now)
    if (change) editor.dispatch({ changes: change })
  }, [now])

  useEffect(() => {
    const editor = view.current
    if (!editor) return
    const end = editor.state.doc.length
    editor.dispatch(setDiagnostics(editor.state, troubles.map((trouble) => ({
      from: Math.min(trouble.from, end), to: Math.min(Math.max(trouble.to, trouble.from), end),
      severity: trouble.warning ? 'warning' : 'error', message: trouble.text,
    }))))
  }, [troubles])

  useEffect(() => {
    const editor = view.current
    const line = /^L(\d+)$/.exec(hash)?.[1]
    if (!editor || !line) return
    const { from } = editor.state.doc.line(Math.min(Number(line), editor.state.doc.lines))
    editor.dispatch({ selection: { anchor: from }, effects: EditorView.scrollIntoView(from, { y: 'center' }) })
    editor.focus()
  }, [hash])

  return (
    <>
      <Text size="sm" c="dimmed" mb="xs" id="yaml-help">{text.yaml.help}</Text>
      <div ref={frame} className="admin-yaml" />
    </>
  )
}

function stateOf(manuscript: Manuscript): EditorState {
  return EditorState.create({
    doc: manuscript.text,
    extensions: [
      EditorView.cspNonce.of(nonce),
      lineNumbers(), foldGutter(), drawSelection(), indentOnInput(), bracketMatching(), closeBrackets(),
      highlightActiveLine(), highlightSelectionMatches(), lintGutter(), indentUnit.of('  '),
      EditorState.tabSize.of(2),
      yaml(), syntaxHighlighting(colours), look,
      autocompletion({ override: [complete] }),
      // Undoing is the draft's, over all its views. Tab indents; Escape and then Tab leaves.
      keymap.of([
        { key: 'Mod-z', run: () => (manuscript.undo(), true) },
        { key: 'Mod-y', mac: 'Mod-Shift-z', run: () => (manuscript.redo(), true) },
        ...completionKeymap, ...defaultKeymap, ...searchKeymap, ...foldKeymap, ...lintKeymap, indentWithTab,
      ]),
      EditorView.contentAttributes.of({ 'aria-label': text.yaml.label, 'aria-describedby': 'yaml-help', tabindex: '0' }),
      EditorView.updateListener.of((update) => {
        if (update.docChanged) manuscript.type(update.state.doc.toString())
      }),
    ],
  })
}

/** The one change that makes one text of another; nothing when they are the same. */
function difference(from: string, to: string): { from: number; to: number; insert: string } | null {
  if (from === to) return null
  let start = 0
  const most = Math.min(from.length, to.length)
  while (start < most && from[start] === to[start]) start++
  let end = 0
  while (end < most - start && from[from.length - 1 - end] === to[to.length - 1 - end]) end++
  return { from: start, to: from.length - end, insert: to.slice(start, to.length - end) }
}
