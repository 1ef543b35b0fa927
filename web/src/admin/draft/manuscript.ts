import { Document, isCollection, isScalar, parseDocument, type Scalar, visit } from 'yaml'

import type { Path } from './path'

/** What the tables and forms know of the document; it may say more, and less, while it is being written. */
export interface Account {
  account?: string
  settings?: Record<string, unknown>
  skills?: string[]
  groups?: string[]
  presences?: { name?: string; category?: string }[]
  dispositions?: string[]
  schedules?: { name?: string }[]
  agents?: Agent[]
  secrets?: Record<string, string>
  gateways?: { sms?: Record<string, unknown>; email?: Record<string, unknown> }
  plans?: Plan[]
  routes?: Route[]
  providers?: { name?: string }[]
  clients?: { id?: string; scopes?: string[]; secret?: string }[]
}

export interface Agent {
  username?: string
  name?: string
  roles?: string[]
  skills?: Record<string, number | null> | string[]
  groups?: string[]
  password?: string
}

export interface Plan {
  name?: string
  start?: string
  applets?: Record<string, Applet>
}

export type Applet = Record<string, unknown> & { type?: string }

export interface Route {
  name?: string
  plan?: string
  after?: string
  datasources?: Record<string, string>
  test?: { plan?: string; callers?: string[] }
}

/** A fault of the text itself, which keeps it from being read. */
export interface Misprint {
  text: string
  line: number
  column: number
  from: number
  to: number
}

/** The document as a parsed text: its tree, which knows places and comments, and what it says. */
export interface Reading {
  tree: Document
  value: Account
  misprints: Misprint[]
}

const maxPast = 200

/** YAML of an account as people would write it. */
export function toYAML(value: unknown): string {
  return write(new Document(value))
}

function write(tree: Document): string {
  return tree.toString({ lineWidth: 0, flowCollectionPadding: false })
}

/**
 * The text of a draft while it is being edited. All views show it and change it: the YAML view as
 * text, the others by its tree, so that comments and the order of things stay as they are.
 */
export class Manuscript {
  private now: string
  private kept: string
  private read_: Reading | undefined
  private past: string[] = []
  private future: string[] = []
  private lastTyped = 0
  private readonly watchers = new Set<() => void>()

  constructor(text: string) {
    this.now = text
    this.kept = text
  }

  get text(): string {
    return this.now
  }

  /** Whether the server does not have it as it is here. */
  get unsaved(): boolean {
    return this.now !== this.kept
  }

  get undoable(): boolean {
    return this.past.length > 0
  }

  get redoable(): boolean {
    return this.future.length > 0
  }

  get reading(): Reading {
    this.read_ ??= readYAML(this.now)
    return this.read_
  }

  readonly watch = (watcher: () => void): (() => void) => {
    this.watchers.add(watcher)
    return () => this.watchers.delete(watcher)
  }

  /** Takes over what was typed; what is typed in one go is undone in one go. */
  type(text: string): void {
    if (text === this.now) return
    const at = Date.now()
    this.put(text, at - this.lastTyped > 800)
    this.lastTyped = at
  }

  /** Changes the document by its tree. A text that cannot be read is not changed. */
  edit(change: (tree: Document) => void): void {
    const { tree, misprints } = readYAML(this.now)
    if (misprints.length > 0) return
    change(tree)
    this.lastTyped = 0
    this.put(write(tree), true)
  }

  /** Sets what a path addresses; undefined takes it out. Lists and mappings on the way are made. */
  set(path: Path, value: unknown): void {
    this.edit((tree) => setIn(tree, path, value))
  }

  undo(): void {
    const before = this.past.pop()
    if (before === undefined) return
    this.future.push(this.now)
    this.show(before)
  }

  redo(): void {
    const after = this.future.pop()
    if (after === undefined) return
    this.past.push(this.now)
    this.show(after)
  }

  /** The server has this text; masked says in it what it keeps of credentials. */
  saved(text: string, masked: (path: Path) => boolean): void {
    const shown = hide(text, masked)
    if (this.now === text) this.show(shown)
    this.kept = shown
    // What could be undone may hold a credential in the clear, which no view should show again.
    if (shown !== text) {
      this.past = []
      this.future = []
    }
    this.tell()
  }

  private put(text: string, step: boolean): void {
    if (text === this.now) return
    if (step || this.past.length === 0) this.past.push(this.now)
    if (this.past.length > maxPast) this.past.shift()
    this.future = []
    this.show(text)
  }

  private show(text: string): void {
    this.now = text
    this.read_ = undefined
    this.tell()
  }

  private tell(): void {
    this.watchers.forEach((watcher) => watcher())
  }
}

function readYAML(text: string): Reading {
  const tree = parseDocument(text, { merge: true, prettyErrors: true })
  const misprints = tree.errors.map((error) => ({
    text: error.message.split(/ at line \d+|:\n/)[0] ?? error.message,
    line: error.linePos?.[0].line ?? 1,
    column: error.linePos?.[0].col ?? 1,
    from: error.pos[0],
    to: error.pos[1],
  }))
  let value: unknown
  try {
    if (misprints.length === 0) value = tree.toJS({ maxAliasCount: 1000 })
  } catch (error) {
    misprints.push({ text: error instanceof Error ? error.message : String(error), line: 1, column: 1, from: 0, to: 0 })
  }
  return { tree, value: typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {}, misprints }
}

/** What is sent to the server. Digits that YAML takes for a number stay as they were written: 0049 is a name. */
export function toSend(reading: Reading): unknown {
  const odd: Scalar[] = []
  visit(reading.tree, {
    Scalar(key, node) {
      if (key !== 'key' && typeof node.value === 'number' && /^[+-]?0\d|^\+/.test(node.source ?? '')) odd.push(node)
    },
  })
  if (odd.length === 0) return reading.value
  const { tree } = readYAML(String(reading.tree))
  visit(tree, {
    Scalar(key, node) {
      if (key !== 'key' && typeof node.value === 'number' && /^[+-]?0\d|^\+/.test(node.source ?? '')) node.value = node.source
    },
  })
  return tree.toJS()
}

/** Sets or takes out a value in a tree. */
export function setIn(tree: Document, path: Path, value: unknown): void {
  if (value === undefined) {
    if (tree.hasIn(path)) tree.deleteIn(path)
    return
  }
  // What is empty (`agents:`) or not there yet becomes a list or a mapping, by what stands in it.
  for (let n = 1; n < path.length; n++) {
    const above = path.slice(0, n)
    if (!isCollection(tree.getIn(above, true))) tree.setIn(above, tree.createNode(typeof path[n] === 'number' ? [] : {}))
  }
  if (!isCollection(tree.contents)) tree.contents = tree.createNode({})
  const old = tree.getIn(path, true)
  if (isScalar(old) && (typeof value !== 'object' || value === null)) {
    old.value = value
    delete old.source
    delete old.type
    return
  }
  tree.setIn(path, typeof value === 'object' && value !== null ? tree.createNode(value) : value)
}

/** Puts the mask in the places of credentials, which the server has hashed or sealed. */
function hide(text: string, masked: (path: Path) => boolean): string {
  const { tree, misprints } = readYAML(text)
  if (misprints.length > 0) return text
  let changed = false
  const walk = (value: unknown, path: Path): void => {
    if (typeof value === 'object' && value !== null) {
      for (const [key, member] of Object.entries(value)) walk(member, [...path, Array.isArray(value) ? Number(key) : key])
    } else if (value !== '***' && masked(path)) {
      setIn(tree, path, '***')
      changed = true
    }
  }
  walk(tree.toJS(), [])
  return changed ? write(tree) : text
}
