import type { Document } from 'yaml'
import { isMap, isScalar } from 'yaml'

import type { Applet, Plan } from '../draft/manuscript'
import { setIn } from '../draft/manuscript'
import type { Path } from '../draft/path'
import { appletShape } from '../draft/schema'

/** A way out of an applet: where it stands in the applet, how the server calls it, where it leads. */
export interface Exit {
  /** Where in the applet the name of the next one stands. */
  path: Path
  /** As the server calls it: next, failure, rule 1, branch 2. */
  name: string
  to: string | undefined
}

/** The ways out of an applet, connected or not. */
export function exitsOf(applet: Applet): Exit[] {
  const members = appletShape(applet.type)?.properties ?? {}
  const exits: Exit[] = []
  const add = (path: Path, name: string, to: unknown) => exits.push({ path, name, to: typeof to === 'string' && to !== '' ? to : undefined })
  if (members.rules) listOf(applet.rules).forEach((rule, n) => add(['rules', n, 'next'], `rule ${n + 1}`, rule.next))
  if (members.branches) listOf(applet.branches).forEach((branch, n) => add(['branches', n, 'next'], `branch ${n + 1}`, branch.next))
  if (members.next) add(['next'], 'next', applet.next)
  const on = mappingOf(applet.on)
  for (const name of Object.keys(members.on?.properties ?? {})) add(['on', name], name, on[name])
  return exits
}

function listOf(value: unknown): Record<string, unknown>[] {
  return Array.isArray(value) ? value.map(mappingOf) : []
}

function mappingOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {}
}

/** Names compare without case. */
export function same(a: string | undefined, b: string | undefined): boolean {
  return a !== undefined && b !== undefined && a.toLowerCase() === b.toLowerCase()
}

/** The applets of a plan that is still being written. */
export function appletsOf(plan: Plan | undefined): [string, Applet][] {
  return Object.entries(mappingOf(plan?.applets)).map(([name, applet]) => [name, mappingOf(applet)])
}

/** Takes a value out, and the mappings above it that are empty then, down to a depth. */
export function takeOut(tree: Document, path: Path, depth: number): void {
  setIn(tree, path, undefined)
  for (let end = path.length - 1; end > depth; end--) {
    const above = tree.getIn(path.slice(0, end), true)
    if (!isMap(above) || above.items.length > 0) return
    tree.deleteIn(path.slice(0, end))
  }
}

/** Leads an exit to an applet, or nowhere. */
export function connect(tree: Document, applet: Path, exit: Exit, to: string | undefined): void {
  if (to === undefined) takeOut(tree, [...applet, ...exit.path], applet.length)
  else setIn(tree, [...applet, ...exit.path], to)
}

/** Gives an applet another name, also wherever the plan leads to it. */
export function rename(tree: Document, at: number, plan: Plan, from: string, to: string): void {
  const applets = tree.getIn(['plans', at, 'applets'], true)
  if (!isMap(applets)) return
  for (const pair of applets.items) {
    if (isScalar(pair.key) && String(pair.key.value) === from) pair.key.value = to
  }
  redirect(tree, at, plan, from, to, (name) => (name === from ? to : name))
}

/** Takes an applet out of its plan; what led to it leads nowhere then. */
export function remove(tree: Document, at: number, plan: Plan, name: string): void {
  redirect(tree, at, plan, name, undefined, (other) => other)
  tree.deleteIn(['plans', at, 'applets', name])
}

function redirect(tree: Document, at: number, plan: Plan, from: string, to: string | undefined, called: (name: string) => string): void {
  if (same(plan.start, from)) setIn(tree, ['plans', at, 'start'], to)
  for (const [name, applet] of appletsOf(plan)) {
    for (const exit of exitsOf(applet)) {
      if (same(exit.to, from)) connect(tree, ['plans', at, 'applets', called(name)], exit, to)
    }
  }
}

/** A name nobody in the plan has. */
export function freshName(plan: Plan | undefined, wish: string): string {
  const taken = new Set(appletsOf(plan).map(([name]) => name.toLowerCase()))
  let name = wish
  for (let n = 2; taken.has(name.toLowerCase()); n++) name = `${wish}${n}`
  return name
}
