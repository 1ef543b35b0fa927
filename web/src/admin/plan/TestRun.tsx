import { Alert, Anchor, Button, Checkbox, Fieldset, NativeSelect, Stack, TagsInput, Text, Textarea, TextInput, Title } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { type FormEvent, useEffect, useRef, useState } from 'react'

import { api, ask, type Schema } from '../../api/client'
import { text } from '../../text/en/admin'
import type { Plan } from '../draft/manuscript'
import { useAccount, useDraft, useText } from '../draft/state'
import { Problem } from '../Problem'
import { appletsOf, same } from './exits'

const sending = new Set(['sendsms', 'sendemail', 'dataconnector'])

const example = `{
  "externalId": "case-17",
  "linkeddata": [
    {"type": "name", "value": "Grace Hopper"},
    {"type": "clid", "value": "+447700900123"}
  ]
}`

type Fate = 'ok' | 'failure' | 'timeout' | 'answer'

interface Answer {
  fate: Fate
  body: string
}

/** Tries the draft on a payload. Nothing is sent and nothing is stored. */
export function TestRun({ plan, ran, onRan, onShow }: {
  plan: Plan
  ran: Schema['Rehearsed'] | undefined
  onRan: (ran: Schema['Rehearsed'] | undefined) => void
  onShow: (plan: string, applet: string) => void
}) {
  const draft = useDraft()
  const account = useAccount()
  const now = useText()
  const routes = account.routes ?? []
  const [route, setRoute] = useState<string | null>(null)
  const [payload, setPayload] = useState(example)
  const [answers, setAnswers] = useState<Record<string, Answer>>({})
  const [ready, setReady] = useState<string[]>([])
  const [at, setAt] = useState('')
  const [goOn, setGoOn] = useState(false)
  const [length, setLength] = useState('4h')
  const [tried, setTried] = useState('')
  const say = text.test
  const run = useMutation({
    mutationFn: async () => {
      if (draft.manuscript.unsaved) await draft.save()
      setTried(draft.manuscript.text)
      return ask(api.POST('/v1/config/drafts/{id}/rehearse', {
        params: { path: { id: String(draft.id) } },
        body: {
          route: route ?? routes.find((one) => same(one?.plan, plan.name))?.name ?? routes[0]?.name ?? '',
          ...(payload.trim() ? { call: JSON.parse(payload) as Record<string, unknown> } : {}),
          ...(at ? { at: new Date(at).toISOString() } : {}),
          ...(goOn ? { for: length } : {}),
          answers: Object.fromEntries(Object.entries(answers).map(([applet, answer]) => [applet, replyOf(answer)])),
          presences: Object.fromEntries(ready.map((agent) => [agent, 'Ready'])),
        },
      }))
    },
    onSuccess: onRan,
    onError: () => onRan(undefined),
  })
  const chosen = route ?? routes.find((one) => same(one?.plan, plan.name))?.name ?? ''
  const effects = appletsOf(plan).filter(([, applet]) => sending.has(applet.type ?? ''))
  const wrong = faultOf(payload)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (!wrong) run.mutate()
  }
  return (
    <Stack gap="sm">
      <form onSubmit={submit}>
        <Stack gap="sm">
          <Text size="sm">{say.help}</Text>
          <NativeSelect label={say.route} value={chosen} data={[...(chosen ? [] : ['']), ...routes.flatMap((one) => one?.name ?? [])]}
            onChange={(event) => setRoute(event.currentTarget.value)} />
          <Textarea label={say.payload} description={say.payloadHelp} value={payload} autosize minRows={4} maxRows={14} error={wrong}
            classNames={{ input: 'plan-code' }} onChange={(event) => setPayload(event.currentTarget.value)} />
          {effects.map(([name, applet]) => (
            <AnswerFields key={name} name={`${plan.name}/${name}`} asks={applet.type === 'dataconnector'}
              answer={answers[`${plan.name}/${name}`] ?? { fate: 'ok', body: '' }}
              onChange={(answer) => setAnswers({ ...answers, [`${plan.name}/${name}`]: answer })} />
          ))}
          <TagsInput label={say.ready} description={say.readyHelp} value={ready} onChange={setReady} acceptValueOnBlur
            data={account.agents?.flatMap((agent) => agent?.username ?? []) ?? []} />
          <TextInput type="datetime-local" label={say.at} description={say.atHelp} value={at} onChange={(event) => setAt(event.currentTarget.value)} />
          <Checkbox label={say.goOn} checked={goOn} onChange={(event) => setGoOn(event.currentTarget.checked)} />
          {goOn ? <TextInput label={say.length} value={length} onChange={(event) => setLength(event.currentTarget.value)} /> : null}
          <Button type="submit" loading={run.isPending}>{say.run}</Button>
        </Stack>
      </form>
      <Problem error={run.error} />
      {ran ? (
        <>
          {tried !== now ? <Alert color="yellow" role="status">{say.old}</Alert> : null}
          <Outcome ran={ran} onShow={onShow} />
        </>
      ) : null}
    </Stack>
  )
}

/** What becomes of what an applet sends or asks. */
function AnswerFields({ name, asks, answer, onChange }: { name: string; asks: boolean; answer: Answer; onChange: (answer: Answer) => void }) {
  const say = text.test
  const fates: Fate[] = asks ? ['ok', 'answer', 'failure', 'timeout'] : ['ok', 'failure']
  return (
    <Fieldset legend={say.effectOf(name)}>
      <NativeSelect label={say.fate} value={answer.fate} data={fates.map((fate) => ({ value: fate, label: say.fates[fate] }))}
        onChange={(event) => onChange({ ...answer, fate: event.currentTarget.value as Fate })} />
      {answer.fate === 'answer' ? (
        <Textarea mt="xs" label={say.answerBody} value={answer.body} autosize minRows={2} classNames={{ input: 'plan-code' }}
          onChange={(event) => onChange({ ...answer, body: event.currentTarget.value })} />
      ) : null}
    </Fieldset>
  )
}

function replyOf({ fate, body }: Answer): Schema['Reply'] {
  switch (fate) {
    case 'ok':
      return { ok: true }
    case 'failure':
      return { ok: false, status: 500, detail: text.test.madeUp }
    case 'timeout':
      return { timeout: true }
    case 'answer':
      return { status: 200, body: readable(body) }
  }
}

/** JSON as it is, anything else as text. */
function readable(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    return body
  }
}

function faultOf(payload: string): string | undefined {
  if (!payload.trim()) return undefined
  try {
    const value: unknown = JSON.parse(payload)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? undefined : text.test.noObject
  } catch (error) {
    return text.test.noJSON(error instanceof Error ? error.message : '')
  }
}

/** What a run came to, step by step. */
function Outcome({ ran, onShow }: { ran: Schema['Rehearsed']; onShow: (plan: string, applet: string) => void }) {
  const say = text.test
  const { result } = ran
  const shown = useRef<HTMLDivElement>(null)
  useEffect(() => shown.current?.scrollIntoView({ block: 'nearest' }), [ran])
  if (result.status !== 'accepted') {
    return <Alert color="red" role="status" title={say.refused}>{say.because(result.detail ?? '', result.code ?? '')}</Alert>
  }
  return (
    <>
      <Alert ref={shown} color={ran.stopped === 'ended' ? 'green' : 'blue'} role="status"
        title={ran.stopped === 'ended' ? say.ended(ran.outcome ?? '') : say.stands(ran.state ?? '', ran.plan ?? '', ran.applet ?? '')}>
        {ran.next?.summary}
        {ran.next?.agents?.map((agent) => <div key={agent.agent}>{agent.text}</div>)}
        {ran.next?.changes?.map((change, n) => <div key={n}>{say.then(change.at, change.text)}</div>)}
      </Alert>
      <Title order={3} size="h5">{say.steps}</Title>
      <ol className="plan-steps" aria-label={say.steps}>
        {ran.steps.map((step, n) => <Step key={n} step={step} onShow={onShow} />)}
      </ol>
    </>
  )
}

function Step({ step, onShow }: { step: Schema['RehearsedStep']; onShow: (plan: string, applet: string) => void }) {
  const say = text.test
  return (
    <li>
      {step.applet && step.plan ? (
        <Anchor component="button" type="button" fw={600} underline="always" c="inherit" onClick={() => onShow(step.plan!, step.applet!)}>
          {say.applet(step.plan, step.applet, step.what === 'left' ? say.left : (step.type ?? ''))}
        </Anchor>
      ) : (
        <strong>{say.happened(step.what, step.agent ?? step.outcome ?? '')}</strong>
      )}
      <Text size="sm" c="dimmed">{new Date(step.at).toLocaleString()}</Text>
      {step.changed?.map((change) => <Text size="sm" key={change}>{change}</Text>)}
      {step.sent?.map((sent, n) => (
        <div key={n}>
          <Text size="sm">{sent.request ? say.wouldAsk : say.wouldSend(sent.gateway ?? sent.provider ?? '', sent.to?.join(', ') ?? '')}</Text>
          <pre>{sent.request ? requestText(sent.request) : [sent.notification, sent.subject, sent.message, sent.html].filter(Boolean).join('\n')}</pre>
          {sent.answer && !sent.answer.ok ? <Text size="sm">{sent.answer.timeout ? say.nothingCame : say.failed(sent.answer.detail ?? '')}</Text> : null}
        </div>
      ))}
      {step.exit ? <Text size="sm">{say.exit(step.exit, step.to ?? '')}</Text> : null}
      {step.why ? <Text size="sm">{say.why(step.why)}</Text> : null}
    </li>
  )
}

function requestText({ method, url, headers, body }: Schema['RehearsedRequest']): string {
  return [`${method} ${url}`, ...Object.entries(headers ?? {}).map(([name, value]) => `${name}: ${value}`), ...(body ? ['', body] : [])].join('\n')
}
