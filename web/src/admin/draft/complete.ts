import type { Completion, CompletionContext, CompletionResult } from '@codemirror/autocomplete'
import type { Text } from '@codemirror/state'

import type { Path } from './path'
import { accountShape, appletTypes, membersOf, resolved, type Shape, within, wordsOf } from './schema'

/** Offers the keys that may stand at the cursor, and the words a value may be. */
export function complete(context: CompletionContext): CompletionResult | null {
  const line = context.state.doc.lineAt(context.pos)
  const before = line.text.slice(0, context.pos - line.from)
  const value = /^(\s*(?:- )*)([\w-]+):\s+(\S*)$/.exec(before)
  const key = /^(\s*(?:- )*)([\w-]*)$/.exec(before)
  const found = value ?? key
  if (!found || (!context.explicit && !found[value ? 3 : 2])) return null
  const indent = (found[1] ?? '').length
  const { path, type } = placeOf(context.state.doc, line.number, indent)
  const shape = shapeAt(path)
  if (!shape) return null
  if (value) {
    const name = value[2] ?? ''
    const member = within(shape, name, type)
    const words = name === 'type' && path.at(-2) === 'applets' ? appletTypes : member ? wordsOf(member) : []
    return words.length > 0 ? { from: context.pos - (value[3] ?? '').length, options: words.map((label) => ({ label, type: 'enum' })) } : null
  }
  const options: Completion[] = Object.entries(membersOf(shape, type)).map(([label, member]) => ({
    label, type: 'property', apply: `${label}: `, ...infoOf(member),
  }))
  return options.length > 0 ? { from: context.pos - (key?.[2] ?? '').length, options } : null
}

function infoOf(member: Shape): { info?: string } {
  const info = member.description ?? resolved(member).description
  return info ? { info } : {}
}

function shapeAt(path: Path): Shape | undefined {
  let shape: Shape | undefined = accountShape
  for (const step of path) shape = shape && within(shape, step)
  return shape
}

/** Which mapping a line with this indent belongs to, by the indents above it, and the type it says it has. */
function placeOf(doc: Text, number: number, indent: number): { path: Path; type: string | undefined } {
  const path: Path = []
  let level = indent
  const own = doc.line(number).text
  if (/^\s*- /.test(own)) {
    path.unshift(0)
    level = own.indexOf('-') + 1
  }
  let type: string | undefined
  for (let n = number - 1; n > 0 && level > 0; n--) {
    const found = /^(\s*(?:- )*)(?:'([^']*)'|"([^"]*)"|([^\s:#'"][^:#]*)):(?:\s+(\S+))?/.exec(doc.line(n).text)
    if (!found) continue
    const [, lead = '', single, double, plain, said] = found
    const name = single ?? double ?? plain ?? ''
    if (lead.length === indent && path.length === 0 && name === 'type') type = said
    const dash = lead.indexOf('-')
    if (lead.length < level || (dash >= 0 && lead.length === level && path[0] !== 0)) {
      if (lead.length < level) path.unshift(name)
      level = dash >= 0 ? dash : lead.length
      if (dash >= 0) {
        path.unshift(0)
        level = dash + 1
      }
    }
  }
  return { path, type }
}
