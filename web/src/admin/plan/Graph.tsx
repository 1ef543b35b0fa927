import { graphlib, layout } from '@dagrejs/dagre'
import { Background, Controls, type Edge, Handle, MarkerType, type Node, type NodeProps, Position, ReactFlow, ReactFlowProvider, useReactFlow } from '@xyflow/react'
import { memo, useEffect, useMemo } from 'react'

import { text } from '../../text/en/admin'
import type { Applet, Plan } from '../draft/manuscript'
import { appletsOf, type Exit, exitsOf, same } from './exits'
import '@xyflow/react/dist/base.css'
import './plan.css'

const width = 200
const headHeight = 50
const exitHeight = 24

interface Box extends Record<string, unknown> {
  name: string
  type: string
  exits: Exit[]
  start: boolean
  lit: boolean
  litExits: string[]
  faulty: boolean
}

/** What of a plan a test run went through: applets, and their exits as applet/exit. */
export interface Lit {
  applets: Set<string>
  exits: Set<string>
}

/** A plan as a graph: applets, and where their exits lead. */
export function Graph({ plan, selected, faulty, lit, onSelect, onConnect }: {
  plan: Plan
  selected: string | undefined
  faulty: Set<string>
  lit: Lit | undefined
  onSelect: (applet: string) => void
  onConnect: (from: string, exit: Exit, to: string) => void
}) {
  const placed = useMemo(() => place(plan), [plan])
  const nodes = placed.nodes.map((node): Node<Box> => ({
    ...node,
    selected: node.id === selected,
    ariaLabel: text.plan.box(node.data.name, node.data.type, node.data.start),
    data: { ...node.data, faulty: faulty.has(node.id), lit: lit?.applets.has(node.id) ?? false,
      litExits: node.data.exits.map(({ name }) => name).filter((name) => lit?.exits.has(`${node.id}/${name}`)) },
  }))
  const edges = placed.edges.map((edge): Edge => {
    const on = lit?.exits.has(`${edge.source}/${String(edge.sourceHandle)}`) ?? false
    return { ...edge, className: on ? 'plan-lit' : '', zIndex: on ? 1 : 0, animated: false }
  })
  const exitOf = (name: string, handle: string | null) => placed.nodes.find(({ id }) => id === name)?.data.exits.find((exit) => exit.name === handle)
  return (
    <div className="plan-graph" role="group" aria-label={text.plan.graph(plan.name ?? '')}>
      <ReactFlowProvider>
        <ReactFlow nodes={nodes} edges={edges} nodeTypes={kinds} fitView minZoom={0.1} maxZoom={2} nodesDraggable={false}
          edgesFocusable={false} deleteKeyCode={null} fitViewOptions={{ maxZoom: 1, padding: 0.1 }}
          ariaLabelConfig={{
            'node.a11yDescription.default': text.plan.boxHelp, 'node.a11yDescription.keyboardDisabled': text.plan.boxHelp,
            'controls.ariaLabel': text.plan.controls, 'controls.zoomIn.ariaLabel': text.plan.zoomIn,
            'controls.zoomOut.ariaLabel': text.plan.zoomOut, 'controls.fitView.ariaLabel': text.plan.fit,
          }}
          onNodesChange={(changes) => {
            const chosen = changes.find((change) => change.type === 'select' && change.selected)
            if (chosen?.type === 'select' && chosen.id !== selected) onSelect(chosen.id)
          }}
          onNodeClick={(_, node) => onSelect(node.id)}
          onConnect={({ source, sourceHandle, target }) => {
            const exit = exitOf(source, sourceHandle)
            if (exit) onConnect(source, exit, target)
          }}>
          <Background gap={24} />
          <Controls showInteractive={false} />
          <Fit on={`${plan.name}\n${nodes.length}`} />
        </ReactFlow>
      </ReactFlowProvider>
    </div>
  )
}

/** Shows the whole plan again when another is chosen, or applets come or go. */
function Fit({ on }: { on: string }) {
  const { fitView } = useReactFlow()
  useEffect(() => {
    const frame = requestAnimationFrame(() => void fitView({ maxZoom: 1, padding: 0.1 }))
    return () => cancelAnimationFrame(frame)
  }, [on, fitView])
  return null
}

const AppletBox = memo(function AppletBox({ data, selected }: NodeProps<Node<Box>>) {
  return (
    <div className={`plan-box${selected ? ' plan-chosen' : ''}${data.lit ? ' plan-lit' : ''}${data.faulty ? ' plan-faulty' : ''}`}>
      <Handle type="target" position={Position.Left} className="plan-in" />
      <div className="plan-head">
        <strong>{data.name}</strong>
        <span>{data.start ? text.plan.startOf(data.type) : data.type}</span>
      </div>
      {data.exits.map((exit) => (
        <div key={exit.name} className={`plan-exit${data.litExits.includes(exit.name) ? ' plan-lit' : ''}`}>
          {exit.name}
          {exit.to ? null : <span> {text.plan.loose(data.type, exit.name)}</span>}
          <Handle type="source" id={exit.name} position={Position.Right} className="plan-out" />
        </div>
      ))}
    </div>
  )
})

const kinds = { applet: AppletBox }

/** Lays the applets out from left to right. */
function place(plan: Plan): { nodes: Node<Box>[]; edges: Edge[] } {
  const applets = appletsOf(plan)
  const graph = new graphlib.Graph({ multigraph: true })
  graph.setGraph({ rankdir: 'LR', nodesep: 24, ranksep: 80 })
  graph.setDefaultEdgeLabel(() => ({}))
  const named = (to: string | undefined) => applets.find(([name]) => same(name, to))?.[0]
  const boxes = applets.map(([name, applet]): Node<Box> => {
    const exits = exitsOf(applet)
    const height = headHeight + exits.length * exitHeight + 8
    graph.setNode(name, { width, height })
    return { id: name, type: 'applet', position: { x: 0, y: 0 }, width, height, data: boxOf(plan, name, applet, exits) }
  })
  const edges = boxes.flatMap(({ id, data }) =>
    data.exits.flatMap((exit): Edge[] => {
      const target = named(exit.to)
      if (!target) return []
      graph.setEdge(id, target, {}, exit.name)
      return [{ id: `${id}/${exit.name}`, source: id, sourceHandle: exit.name, target, markerEnd: { type: MarkerType.ArrowClosed } }]
    }),
  )
  layout(graph)
  for (const node of boxes) {
    const { x, y } = graph.node(node.id) as { x: number; y: number }
    node.position = { x: x - width / 2, y: y - (node.height ?? 0) / 2 }
  }
  return { nodes: boxes, edges }
}

function boxOf(plan: Plan, name: string, applet: Applet, exits: Exit[]): Box {
  return { name, type: applet.type ?? '', exits, start: same(plan.start, name), lit: false, litExits: [], faulty: false }
}
