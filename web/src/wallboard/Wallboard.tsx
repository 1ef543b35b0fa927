import './wallboard.css'

import { Alert, Button, Group, Kbd, Menu, Skeleton, Text, Title } from '@mantine/core'
import { Link, useSearch } from '@tanstack/react-router'
import { lazy, type ReactNode, Suspense } from 'react'

import { inWords } from '../api/problem'
import type { Listed } from '../live/list'
import { useStats } from '../live/stats'
import { text } from '../text/en/wallboard'
import { AgentTable } from './AgentTable'
import { type Queue, useAgents, useStuck, useWaiting } from './board'
import { QueueTable } from './QueueTable'
import { useScreen } from './screen'
import { StuckList } from './StuckList'
import { WaitingTable } from './WaitingTable'

const Chart = lazy(async () => ({ default: (await import('./Chart')).Chart }))

/** The account as it is now: its queues, its agents, and what needs a look. */
export function Wallboard() {
  const { stats } = useStats()
  const { queue } = useSearch({ from: '/shell/wallboard' })
  const agents = useAgents()
  const stuck = useStuck()
  const chosen = stats?.queues.find((one) => one.queue === queue)
  return (
    <div className="wall">
      <Head live={stats?.live} />
      <div className="wall-columns">
        <div className="wall-column">
          <Panel title={text.queues}>
            {!stats ? <Skeleton h={120} /> : stats.queues.length === 0 ? <Text>{text.noQueues}</Text> : (
              <>
                <QueueTable queues={stats.queues} at={stats.at} chosen={queue} />
                <Text className="wall-small" mt={4}>{text.queuesShown}</Text>
              </>
            )}
          </Panel>
          {stats && stats.queues.length > 0 ? (
            <Panel title={queue ? text.chartOf(queue) : text.chart}>
              <Suspense fallback={<Skeleton h={220} />}>
                <Chart queue={queue} now={{ at: stats.at, waiting: chosen ? chosen.waiting : total(stats.queues), servicelevel: chosen?.servicelevel }} />
              </Suspense>
            </Panel>
          ) : null}
          {queue ? <QueuePanel queue={queue} waiting={chosen?.waiting ?? 0} /> : null}
        </div>
        <div className="wall-column">
          <Panel title={text.stuck}>
            <Text role="status" size="sm">
              {stuck.data ? (stuck.data.items.length === 0 ? text.stuckNone : text.stuckCount(stuck.data.items.length, stuck.data.more)) : null}
            </Text>
            {stuck.error ? <Failed error={stuck.error} /> : null}
            {stuck.data && stuck.data.items.length > 0 ? <StuckList stuck={stuck.data} /> : null}
          </Panel>
          <Panel title={text.agents}>
            <WhenListed list={agents}>{(items) => <AgentTable agents={items} />}</WhenListed>
          </Panel>
        </div>
      </div>
    </div>
  )
}

function total(queues: readonly Queue[]): number {
  return queues.reduce((sum, queue) => sum + queue.waiting, 0)
}

function Head({ live }: { live: number | undefined }) {
  const { big, toggle, key, setKey } = useScreen()
  return (
    <header className="wall-head">
      <Title order={1}>{text.title}</Title>
      <Text className="wall-live">{live === undefined ? '' : text.live(live)}</Text>
      {big ? (
        <Button variant="default" size="xs" onClick={toggle}>
          {text.leaveScreen}
        </Button>
      ) : (
        <Menu position="bottom-end" withinPortal={false} width={280}>
          <Menu.Target>
            <Button variant="default" size="xs">
              {text.view}
            </Button>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Item onClick={toggle} rightSection={key ? <Kbd>F</Kbd> : null}>
              {text.screen}
            </Menu.Item>
            <Menu.CheckboxItem checked={key} onChange={setKey} closeMenuOnClick={false}>
              {text.key}
            </Menu.CheckboxItem>
          </Menu.Dropdown>
        </Menu>
      )}
    </header>
  )
}

function QueuePanel({ queue, waiting }: { queue: string; waiting: number }) {
  const work = useWaiting(queue)
  return (
    <Panel title={text.work(queue)}
      side={<Link className="wall-link" to="/wallboard" search={(now) => ({ ...now, queue: undefined })}>{text.allQueues}</Link>}>
      <WhenListed list={work}>{(items) => <WaitingTable queue={queue} work={items} waiting={waiting} />}</WhenListed>
    </Panel>
  )
}

function Panel({ title, side, children }: { title: string; side?: ReactNode; children: ReactNode }) {
  return (
    <section className="wall-panel">
      <Group justify="space-between" mb={6} wrap="nowrap">
        <Title order={2} size="h4">
          {title}
        </Title>
        {side}
      </Group>
      {children}
    </section>
  )
}

function WhenListed<T>({ list, children }: { list: Listed<T>; children: (items: readonly T[]) => ReactNode }) {
  return (
    <>
      {list.error ? <Failed error={list.error} /> : null}
      {list.items ? children(list.items) : <Skeleton h={160} />}
    </>
  )
}

function Failed({ error }: { error: unknown }) {
  return (
    <Alert color="red" role="alert" title={text.failed} mb="xs">
      {inWords(error)}
    </Alert>
  )
}
