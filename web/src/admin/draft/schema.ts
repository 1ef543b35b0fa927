import written from '../../../../docs/reference/account.schema.json'

/** What of JSON Schema the account file's uses. */
export interface Shape {
  $ref?: string
  title?: string
  description?: string
  type?: string | string[]
  const?: string
  enum?: (string | number | boolean)[]
  properties?: Record<string, Shape>
  additionalProperties?: boolean | Shape
  required?: string[]
  items?: Shape
  anyOf?: Shape[]
  oneOf?: Shape[]
  minimum?: number
  maximum?: number
  pattern?: string
}

const root = written as unknown as Shape & { $defs: Record<string, Shape> }

/** The shape of the whole account file, as the server wrote it. */
export const accountShape: Shape = root

/** The shape itself, where another is referred to. */
export function resolved(shape: Shape): Shape {
  const name = shape.$ref?.split('/').at(-1)
  const found = name ? root.$defs[name] : undefined
  return found ? { ...found, ...(shape.description ? { description: shape.description } : {}) } : shape
}

const applets = new Map((root.$defs.applet?.oneOf ?? []).map((shape) => [shape.title ?? '', shape]))

/** The types of applets there are. */
export const appletTypes: readonly string[] = [...applets.keys()]

/** The shape of an applet of a type. */
export function appletShape(type: string | undefined): Shape | undefined {
  return applets.get(type ?? '')
}

/** All members that a mapping of the shape may have, whichever of its forms it takes. */
export function membersOf(shape: Shape, type?: unknown): Record<string, Shape> {
  const own = resolved(shape)
  if (own.oneOf) {
    const form = typeof type === 'string' ? applets.get(type) : undefined
    if (form && own.oneOf.includes(form)) return form.properties ?? {}
    return Object.assign({}, ...own.oneOf.map((one) => resolved(one).properties ?? {}))
  }
  const mapping = own.anyOf?.find((one) => one.type === 'object')
  return own.properties ?? mapping?.properties ?? {}
}

/** The shape of a member, or of an item of a list. */
export function within(shape: Shape, step: string | number, type?: unknown): Shape | undefined {
  const own = resolved(shape)
  const list = own.items ? own : own.anyOf?.find((one) => one.items)
  if (typeof step === 'number') return list?.items
  const member = membersOf(own, type)[step]
  if (member) return member
  const others = own.additionalProperties ?? own.anyOf?.find((one) => one.type === 'object')?.additionalProperties
  return typeof others === 'object' ? others : undefined
}

/** What a value may be, when that is a list of words. */
export function wordsOf(shape: Shape): string[] {
  const own = resolved(shape)
  if (own.enum) return own.enum.map(String)
  if (own.const !== undefined) return [own.const]
  if (own.type === 'boolean') return ['true', 'false']
  return (own.anyOf ?? own.oneOf ?? []).flatMap(wordsOf)
}
