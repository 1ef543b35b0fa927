import { type Document, isMap, isPair, isScalar, isSeq, type Node, type Pair } from 'yaml'

/** Names of members and places in lists, from the document's root. */
export type Path = (string | number)[]

/**
 * Reads a path as the server writes it: agents[3].skills.german, applets['an odd name'].next. Numbers
 * in brackets are places in a list.
 */
export function pathOf(written: string): Path {
  const path: Path = []
  const part = /\.?(?:\['((?:\\.|[^'\\])*)'\]|\[(\d+)\]|([^.[]+))/gy
  for (let found = part.exec(written); found; found = part.exec(written)) {
    const [, quoted, place, plain] = found
    if (quoted !== undefined) path.push(quoted.replace(/\\(.)/g, '$1'))
    else path.push(place === undefined ? (plain ?? '') : Number(place))
  }
  return path
}

/** Where in the text something stands: from and to, in characters. */
export interface Span {
  from: number
  to: number
}

/** Finds what a path addresses, or the closest thing around it that is there. */
export function spanOf(doc: Document, path: Path): Span {
  let node: unknown = doc.contents
  let span = rangeOf(doc.contents)
  for (const step of path) {
    const pair: Pair | undefined = isMap(node) ? node.items.find((item) => isPair(item) && nameOf(item) === String(step)) : undefined
    if (pair) {
      span = rangeOf(pair.key as Node)
      node = pair.value
    } else if (isSeq(node) && node.items[Number(step)]) {
      node = node.items[Number(step)]
      span = rangeOf(node as Node)
    } else break
  }
  // Of a simple value it is the value that is wrong, of a list or a mapping its name shows the place.
  if (isScalar(node) && node.range && node.range[1] > node.range[0]) return rangeOf(node)
  return span
}

function nameOf(pair: Pair): string {
  return isScalar(pair.key) ? String(pair.key.value) : String(pair.key)
}

function rangeOf(node: Node | null): Span {
  const range = node?.range
  if (!range) return { from: 0, to: 0 }
  // A mapping's range holds all that is in it; its first line is enough to point at.
  return { from: range[0], to: isScalar(node) ? range[1] : Math.min(range[1], range[0] + 1) }
}
